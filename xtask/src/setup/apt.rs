//! Debian's packages, for what no other client brings.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Installs packages. `missing` is what is not there, for the message.
pub(crate) fn install(missing: &str, packages: &[&str]) -> Result<()> {
    // Another installation may be under way.
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
        process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    apt(&["update"]).and_then(|()| apt(&install)).with_context(|| {
        format!("{missing} is not on the path, and apt-get (as root) could not install it")
    })
}
