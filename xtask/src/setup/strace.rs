//! strace, by which the tests see in which order a save reaches the disk.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workshop::on_path;

pub(crate) fn set_up() -> Result<()> {
    if on_path("strace").is_some() {
        return Ok(());
    }
    // Another installation may be under way.
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
        process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])
        .and_then(|()| apt(&["install", "-y", "--no-install-recommends", "strace"]))
        .context("strace is not on the path, and apt-get (as root) could not install it")
}
