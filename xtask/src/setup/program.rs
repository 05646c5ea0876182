//! Programs that are there as source only: compiled where they are needed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// A program of the crate registry, in one version.
pub(crate) struct Program<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    /// Whether its own lock file is taken, or what the registry has today.
    pub(crate) locked: bool,
    /// The crates in which it spends its time. All else is not optimised: that would take minutes to
    /// compile and save seconds.
    pub(crate) hot: &'a [&'a str],
}

/// Compiles it into `folder/bin`.
pub(crate) fn install(folder: &Path, program: &Program<'_>) -> Result<()> {
    // Not by `Workshop::cargo`, whose lock flag is that of our own.
    let mut command = Command::new("cargo");
    command.args(["install", program.name, "--version", program.version, "--root"]).arg(folder);
    if program.locked {
        command.arg("--locked");
    }
    command.args(["--config", "profile.release.opt-level=0"]);
    for name in program.hot {
        command.args(["--config", &format!("profile.release.package.{name}.opt-level=2")]);
    }
    process::run(&mut command)
}
