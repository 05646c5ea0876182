//! Transfers by HTTP take turns: with a server on this machine, and with one that is far away.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cases::{self, DOWNLOADS, FAR, UPLOADS};
use crate::child::{Sample, measure};
use crate::http::{DESTINATION, SERVED_JSON};
use crate::memory;
use crate::program;
use crate::results::{Group, Results};
use crate::rounds::{Absent, touch_disk};
use crate::serving::{FarServer, Server, URL};
use crate::workplace::{MODEL, Workplace, remove, warm};

/// The name of the server in the results.
pub(crate) const SERVE: &str = "modelport serve";

/// How many shards a far server has, and their bytes together: the way counts, not the bytes.
pub(crate) const FAR_SHARDS: u64 = 64;
pub(crate) const FAR_BYTES: u64 = FAR_SHARDS * FAR_SHARD_BYTES;
const FAR_SHARD_BYTES: u64 = 64_000;
const FAR_ROUNDS: usize = 5;

/// Uploads and downloads of a model of one size.
pub(crate) fn size(
    workplace: &Workplace,
    bytes: u64,
    rounds: Option<usize>,
    results: &mut Results,
) -> Result<()> {
    let rounds = rounds.unwrap_or(if bytes > 500_000_000 { 5 } else { 7 });
    eprintln!("upload and download {bytes} bytes, {rounds} rounds");
    touch_disk(workplace, bytes)?;
    let (folder, root) = (workplace.folder("source")?, workplace.folder("served")?);
    measure(workplace, cases::find(cases::STAGE_MODEL)?, &folder, bytes)?;
    warm(&folder)?;
    let server = Server::start(&root)?;
    fs::write(folder.join(URL), &server.url)?;
    let mut absent = Absent::default();
    for _ in 0..rounds {
        for case in UPLOADS {
            absent.try_measure(case, results, Group::Upload, bytes, || {
                memory::settle();
                beside(&server, || measure(workplace, case, &folder, bytes))
            });
        }
        // It has another name after each upload.
        tell_names(&folder, &server.url)?;
        for case in DOWNLOADS {
            absent.try_measure(case, results, Group::Download, bytes, || {
                clear(&folder)?;
                memory::settle();
                beside(&server, || measure(workplace, case, &folder, bytes))
            });
        }
    }
    let (peak_bytes, _) = server.usage();
    results.add(Group::Other, bytes, SERVE, Sample { peak_bytes, ..Sample::default() });
    drop(server);
    remove(&root)?;
    remove(&folder)
}

/// Downloads of many small shards from a server that is far away.
pub(crate) fn far(
    workplace: &Workplace,
    rounds: Option<usize>,
    results: &mut Results,
) -> Result<()> {
    let rounds = rounds.unwrap_or(FAR_ROUNDS);
    eprintln!("{FAR_SHARDS} shards from afar, {rounds} rounds");
    let (folder, served) = (workplace.folder("source")?, workplace.folder("served")?);
    measure(workplace, cases::find(cases::STAGE_MODEL)?, &folder, FAR_BYTES)?;
    let mut command = Command::new(program::path()?);
    command.args(["cp", "--shard-bytes", &FAR_SHARD_BYTES.to_string()]);
    command.arg(folder.join(MODEL)).arg(served.join(MODEL)).stdout(Stdio::null());
    ensure!(command.status()?.success(), "modelport cp failed");
    let server = FarServer::start(&served.join(MODEL))?;
    fs::write(folder.join(URL), server.url())?;
    fs::copy(served.join(MODEL).join("model.json"), folder.join(SERVED_JSON))?;
    let mut absent = Absent::default();
    for _ in 0..rounds {
        for case in FAR {
            absent.try_measure(case, results, Group::Far, FAR_BYTES, || {
                clear(&folder)?;
                measure(workplace, case, &folder, FAR_BYTES)
            });
        }
    }
    remove(&served)?;
    remove(&folder)
}

/// What is measured, and how long processors worked for the server meanwhile.
fn beside(server: &Server, measure: impl FnOnce() -> Result<Sample>) -> Result<Sample> {
    let (_, before) = server.usage();
    let sample = measure()?;
    let (_, after) = server.usage();
    let server_cpu_seconds = before.zip(after).map(|(before, after)| after - before);
    Ok(Sample { server_cpu_seconds, ..sample })
}

/// Asks the server for the model file, which has the names of the weight files. Where there is no
/// curl there is nobody who wants to know.
fn tell_names(folder: &Path, url: &str) -> Result<()> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--fail", "--output"]).arg(folder.join(SERVED_JSON));
    if let Ok(status) = command.arg(format!("{url}/model.json")).status() {
        ensure!(status.success(), "the server does not give the model: curl: {status}");
    }
    Ok(())
}

/// Removes what the last download brought, file or folder.
fn clear(folder: &Path) -> Result<()> {
    let path = folder.join(DESTINATION);
    if path.is_file() {
        return fs::remove_file(&path).context("cannot remove what came last");
    }
    remove(&path)
}
