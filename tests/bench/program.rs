//! The cases of the built program.

use std::env::{self, consts::EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::child::{Sample, timed};
use crate::workplace::MODEL;

/// The program, beside this one unless `MODELPORT_BIN` says otherwise.
pub(crate) fn path() -> Result<PathBuf> {
    let path = match env::var_os("MODELPORT_BIN") {
        Some(path) => PathBuf::from(path),
        None => env::current_exe()?.with_file_name(format!("modelport{EXE_SUFFIX}")),
    };
    ensure!(path.is_file(), "there is no {}; `cargo xtask bench` builds it", path.display());
    Ok(path)
}

/// Copies the model. In a child, so that the peak of the program is the only one it waits for.
pub(crate) fn copy(folder: &Path, _: u64) -> Result<Sample> {
    let mut command = Command::new(path()?);
    command.arg("cp").arg(folder.join(MODEL)).arg(folder.join("copy")).stdout(Stdio::null());
    let (time, status) = timed(|| command.status().context("cannot start modelport"))?;
    ensure!(status.success(), "modelport cp: {status}");
    Ok(Sample::of_children(time))
}

/// How long a process takes from start to end.
pub(crate) fn run_time(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?}: {status}");
    Ok(seconds)
}
