//! The cases of conversion: a file of Keras to TensorFlow.js, by modelport, by the reference converter,
//! and as a copy of the bytes.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::child::{Sample, timed};
use crate::program;
use crate::workplace::remove;

/// The variable with the Python that has TensorFlow and the reference converter.
pub(crate) const PYTHON: &str = "MODELPORT_BENCH_KERAS";

/// The file of Keras in the folder of a case.
pub(crate) const FILE: &str = "model.h5";

/// Writes the file.
pub(crate) fn stage(folder: &Path, bytes: u64) -> Result<Sample> {
    let mut command = script("make")?;
    command.arg(folder.join(FILE)).arg(bytes.to_string());
    let (time, status) = timed(|| command.status().context("cannot start Python"))?;
    ensure!(status.success(), "the script: {status}");
    Ok(Sample::of_children(time))
}

/// Copies the file, onto the disk.
pub(crate) fn copy(folder: &Path, _: u64) -> Result<Sample> {
    let to = folder.join("copy.h5");
    let (time, ()) = timed(|| {
        let mut copy = File::create(&to)?;
        io::copy(&mut File::open(folder.join(FILE))?, &mut copy)?;
        copy.sync_all().context("cannot flush")
    })?;
    fs::remove_file(to)?;
    Ok(Sample::of_this_process(time))
}

/// From start to end, with the model on the disk.
pub(crate) fn ours(folder: &Path, _: u64) -> Result<Sample> {
    let to = folder.join("ours");
    let mut command = Command::new(program::path()?);
    command.arg("convert").arg(folder.join(FILE)).arg(&to).stdout(Stdio::null());
    let (time, status) = timed(|| command.status().context("cannot start modelport"))?;
    ensure!(status.success(), "modelport convert: {status}");
    remove(&to)?;
    Ok(Sample::of_children(time))
}

/// The conversion alone, which the system writes to the disk when it likes.
pub(crate) fn reference(folder: &Path, _: u64) -> Result<Sample> {
    let (_, printed) = run_reference(folder)?;
    let said: serde_json::Value = serde_json::from_slice(&printed)?;
    let seconds = said.get("seconds").and_then(serde_json::Value::as_f64);
    let peak_bytes = said.get("maxRssBytes").and_then(serde_json::Value::as_u64);
    Ok(Sample { seconds: seconds.context("no seconds")?, peak_bytes, ..Sample::default() })
}

/// The same from the start of Python to its end.
pub(crate) fn reference_whole(folder: &Path, _: u64) -> Result<Sample> {
    let (sample, _) = run_reference(folder)?;
    Ok(sample)
}

fn run_reference(folder: &Path) -> Result<(Sample, Vec<u8>)> {
    let to = folder.join("theirs");
    fs::create_dir(&to)?;
    let mut command = script("convert")?;
    command.arg(folder.join(FILE)).arg(&to).stderr(Stdio::null());
    let (time, output) = timed(|| command.output().context("cannot start Python"))?;
    ensure!(output.status.success(), "the reference converter: {}", output.status);
    remove(&to)?;
    Ok((Sample::of_children(time), output.stdout))
}

fn script(what: &str) -> Result<Command> {
    let python = env::var_os(PYTHON).context("Keras is not set up")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/convert_bench.py");
    let mut command = Command::new(python);
    command.arg(script).arg(what);
    Ok(command)
}
