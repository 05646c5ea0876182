//! `bench`: runs the benchmarks, of files and of a browser; each has its own command line.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::setup::{self, Component};
use crate::workshop::Workshop;
use crate::{isolation, process, web};

/// Runs the benchmark that the first argument names, or else both with the same arguments.
pub(crate) fn run(workshop: &Workshop, arguments: &[OsString]) -> Result<bool> {
    match arguments.split_first() {
        Some((word, rest)) if word == "native" => native(workshop, rest)?,
        Some((word, rest)) if word == "browser" => browser(workshop, rest)?,
        _ => {
            // A target that one misses is no reason not to measure the other.
            let measured = native(workshop, arguments);
            browser(workshop, arguments).and(measured)?;
        }
    }
    Ok(true)
}

fn native(workshop: &Workshop, arguments: &[OsString]) -> Result<()> {
    // Without it the benchmark says so, and measures the rest.
    let _ = setup::one(workshop, Component::NodeTfjs);
    let _ = setup::one(workshop, Component::ObjectStores);
    let _ = setup::one(workshop, Component::AwsCli);
    let _ = setup::one(workshop, Component::Keras);
    // The benchmark finds it beside itself.
    process::run(&mut workshop.cargo(&[
        "build",
        "--release",
        "--package",
        "modelport-cli",
        "--all-features",
    ]))?;
    let program = ["run", "--release", "--package", "modelport-tests", "--bin", "bench", "--"];
    let mut command = workshop.cargo(&program);
    command.env("MODELPORT_TOOLS", workshop.tools());
    process::run(command.args(arguments))
}

fn browser(workshop: &Workshop, arguments: &[OsString]) -> Result<()> {
    for component in [Component::Chromium, Component::NodeTfjs, Component::BrowserDriver] {
        setup::one(workshop, component)?;
    }
    // A package that has become too large is said, and measured.
    web::run(workshop)?;
    let mut command = Command::new("node");
    command.arg(workshop.root.join("tests").join("browser").join("bench.js"));
    command.args(arguments).env("MODELPORT_TOOLS", workshop.tools());
    process::run(&mut isolation::without_network(command))
}
