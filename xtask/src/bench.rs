//! `bench`: runs the benchmark program, which has its own command line.

use std::ffi::OsString;

use anyhow::Result;

use crate::process;
use crate::workshop::Workshop;

pub(crate) fn run(workshop: &Workshop, arguments: &[OsString]) -> Result<bool> {
    let program = ["run", "--release", "--package", "modelport-tests", "--bin", "bench", "--"];
    process::run(workshop.cargo(&program).args(arguments))?;
    Ok(true)
}
