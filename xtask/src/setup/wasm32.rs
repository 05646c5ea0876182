//! A compiler that has the browser target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workshop::Workshop;

/// Uses the target of the compiler in use, or builds it from Debian's packages.
///
/// In CI it is always the latter: that result must not depend on what somebody had added.
pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let settings = settings(workshop);
    fs::create_dir_all(workshop.tools())?;
    if !workshop.ci && installed() {
        return fs::write(&settings, "").context("cannot write the compiler's settings");
    }
    process::run(Command::new(Path::new("xtask").join("wasm32-target")).arg(&settings))
        .context("with rustup, `rustup target add wasm32-unknown-unknown` is the short way")
}

/// The environment in which Cargo uses that compiler.
pub(crate) fn compiler(workshop: &Workshop) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(settings(workshop)).context("wasm32 is not set up")?;
    let pairs = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn settings(workshop: &Workshop) -> PathBuf {
    workshop.tools().join("wasm32.env")
}

fn installed() -> bool {
    let arguments = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let folder = Command::new("rustc").args(arguments).output();
    folder.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
