//! Licences, bans and origins of all dependencies by cargo-deny; `deny.toml` says which.
//!
//! Its fourth check, advisories, is not here: it wants a database from a git host, which a test
//! run must not depend on.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::setup::deny;
use crate::workshop::Workshop;

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let mut command = Command::new(deny::program(workshop)?);
    if workshop.ci {
        command.arg("--locked");
    }
    process::run(command.args(["--offline", "check", "licenses", "bans", "sources"]))
}
