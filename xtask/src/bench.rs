//! `bench`: runs the benchmark program, which has its own command line.

use std::ffi::OsString;

use anyhow::Result;

use crate::process;
use crate::setup::{self, Component};
use crate::workshop::Workshop;

pub(crate) fn run(workshop: &Workshop, arguments: &[OsString]) -> Result<bool> {
    // Without it the benchmark says so, and measures the rest.
    let _ = setup::one(workshop, Component::NodeTfjs);
    // The benchmark finds it beside itself.
    process::run(&mut workshop.cargo(&["build", "--release", "--package", "modelport-cli"]))?;
    let program = ["run", "--release", "--package", "modelport-tests", "--bin", "bench", "--"];
    let mut command = workshop.cargo(&program);
    command.env("MODELPORT_TOOLS", workshop.tools());
    process::run(command.args(arguments))?;
    Ok(true)
}
