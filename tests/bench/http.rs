//! The cases of transfers by HTTP: the built program, and curl.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use modelport::manifest::ModelJson;

use crate::child::{Sample, timed};
use crate::program;
use crate::serving::URL;
use crate::workplace::MODEL;

/// Where in the case's folder a download goes, which is removed before the next one.
pub(crate) const DESTINATION: &str = "copy";

/// In the case's folder: the model file as the server has it.
pub(crate) const SERVED_JSON: &str = "served.json";

/// How many requests modelport makes at once.
pub(crate) const PARALLEL: u64 = 6;

pub(crate) fn upload_curl(folder: &Path, _: u64) -> Result<Sample> {
    let source = folder.join(MODEL);
    let part = |name: &str, file: &str| {
        let path = source.join(file);
        format!("{name}=@{};filename={name}", path.display())
    };
    let mut command = curl();
    command.args(["--form", &part("model.json", "model.json")]);
    command.args(["--form", &part("model.weights.bin", "weights.bin")]);
    run(command.arg(url(folder)?))
}

pub(crate) fn upload(folder: &Path, _: u64) -> Result<Sample> {
    copy(&[], folder.join(MODEL), url(folder)?)
}

pub(crate) fn download_curl(folder: &Path, bytes: u64) -> Result<Sample> {
    get(folder, bytes, false)
}

pub(crate) fn download_curl_flushed(folder: &Path, bytes: u64) -> Result<Sample> {
    get(folder, bytes, true)
}

/// The weights alone.
fn get(folder: &Path, bytes: u64, flush: bool) -> Result<Sample> {
    let weights = weight_urls(folder)?;
    let [weights] = &weights[..] else { bail!("the server has {} weight files", weights.len()) };
    let (path, mut command) = (folder.join(DESTINATION), curl());
    command.arg("--output").arg(&path).arg(weights);
    let (time, sample) = timed(|| {
        let sample = run(&mut command)?;
        if flush {
            File::open(&path)?.sync_all()?;
        }
        Ok(sample)
    })?;
    let found = fs::metadata(&path)?.len();
    ensure!(found == bytes, "curl brought {found} bytes");
    Ok(Sample { seconds: time.as_secs_f64(), ..sample })
}

pub(crate) fn download(folder: &Path, _: u64) -> Result<Sample> {
    bring(folder, &["--to-option", "fsync=false"])
}

pub(crate) fn download_flushed(folder: &Path, _: u64) -> Result<Sample> {
    bring(folder, &[])
}

pub(crate) fn far_curl(folder: &Path, bytes: u64) -> Result<Sample> {
    let path = folder.join(DESTINATION);
    fs::create_dir(&path)?;
    let mut command = curl();
    // The model file is what tells the names, so it comes first, as it does for all.
    let json = format!("{}/model.json", url(folder)?);
    let (time, sample) = timed(|| {
        run(curl().arg("--output").arg(path.join("model.json")).arg(json))?;
        command.args(["--parallel", "--parallel-max", &PARALLEL.to_string()]);
        command.arg("--remote-name-all");
        run(command.arg("--output-dir").arg(&path).args(weight_urls(folder)?))
    })?;
    let mut found = 0;
    for entry in fs::read_dir(&path)? {
        found += entry?.metadata()?.len();
    }
    ensure!(found > bytes, "curl brought {found} bytes");
    Ok(Sample { seconds: time.as_secs_f64(), ..sample })
}

pub(crate) fn far(folder: &Path, _: u64) -> Result<Sample> {
    bring(folder, &["--to-option", "fsync=false"])
}

pub(crate) fn far_one_by_one(folder: &Path, _: u64) -> Result<Sample> {
    bring(folder, &["--to-option", "fsync=false", "--from-option", "parallel=1"])
}

fn bring(folder: &Path, options: &[&str]) -> Result<Sample> {
    copy(options, format!("{}/model.json", url(folder)?), folder.join(DESTINATION))
}

fn copy(options: &[&str], from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) -> Result<Sample> {
    run(Command::new(program::path()?).arg("cp").args(options).arg(from).arg(to))
}

/// Where the model is on the server.
fn url(folder: &Path) -> Result<String> {
    fs::read_to_string(folder.join(URL)).context("nobody said where the server is")
}

/// The URLs of the weight files, by the copy of the model file: asking for it is no part of a case.
fn weight_urls(folder: &Path) -> Result<Vec<String>> {
    let url = url(folder)?;
    let text = fs::read(folder.join(SERVED_JSON))?;
    let files = ModelJson::parse(&text)?.files();
    Ok(files.iter().map(|file| format!("{url}/{}", file.path)).collect())
}

fn curl() -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail"]);
    command
}

/// Runs a program that this process has not run before.
fn run(command: &mut Command) -> Result<Sample> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let name = command.get_program().display().to_string();
    let (time, status) =
        timed(|| command.status().with_context(|| format!("cannot start {name}")))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(Sample::of_children(time))
}
