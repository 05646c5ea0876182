//! `test`: sets up what the chosen cells need, runs them and reports.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::flags::Selection;
use crate::matrix::{Cell, MATRIX, Step};
use crate::report::{Outcome, Report};
use crate::setup::{self, Component};
use crate::summary::{Counts, Runner};
use crate::workshop::{Workshop, on_path};
use crate::{browsers, isolation, limit, process, program};

pub(crate) fn run(workshop: &Workshop, selection: &Selection) -> Result<bool> {
    let cells = select(selection)?;
    let mut components = BTreeMap::new();
    for component in cells.iter().flat_map(|cell| cell.needs) {
        components.entry(*component).or_insert_with(|| setup::one(workshop, *component));
    }

    let mut report = Report::default();
    for cell in cells {
        eprintln!("\n=== {}: {}", cell.name, cell.proves);
        let start = Instant::now();
        let mut counts = Counts::default();
        let result = ready(cell, &components)
            .and_then(|()| steps(workshop, cell, &mut counts))
            .and_then(|()| something_ran(cell, counts));
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        report.add(Outcome::new(cell.name, start.elapsed(), counts, result.err()));
    }
    Ok(report.print())
}

fn select(selection: &Selection) -> Result<Vec<&'static Cell>> {
    for name in &selection.cells {
        if !MATRIX.iter().any(|cell| cell.name == name) {
            let known: Vec<_> = MATRIX.iter().map(|cell| cell.name).collect();
            bail!("there is no cell '{name}'; the cells are {}", known.join(", "));
        }
    }
    let wanted = |cell: &&Cell| {
        (selection.cells.is_empty() || selection.cells.iter().any(|name| name == cell.name))
            && (!selection.native || cell.is_native())
    };
    Ok(MATRIX.iter().filter(wanted).collect())
}

/// A cell whose components are not there fails: a test that nobody ran proves nothing.
fn ready(cell: &Cell, components: &BTreeMap<Component, Result<()>>) -> Result<()> {
    for component in cell.needs {
        if let Some(Err(error)) = components.get(component) {
            bail!("cannot set up {}: {error:#}", component.name());
        }
    }
    Ok(())
}

fn steps(workshop: &Workshop, cell: &Cell, counts: &mut Counts) -> Result<()> {
    cell.steps.iter().try_for_each(|step| match step {
        Step::Cargo(arguments) => process::run(&mut workshop.cargo(arguments)),
        Step::Docs(arguments) => {
            let mut command = workshop.cargo(&[&["doc"], *arguments].concat());
            process::run(command.env("RUSTDOCFLAGS", "--deny=warnings"))
        }
        Step::Wasm32Docs(arguments) => {
            let mut command = workshop.cargo(&[&["doc"], *arguments].concat());
            command.envs(setup::wasm32::compiler(workshop)?);
            process::run(command.env("RUSTDOCFLAGS", "--deny=warnings"))
        }
        Step::Wasm32Clippy(arguments) => {
            process::run(&mut setup::wasm32::clippy(workshop, arguments)?)
        }
        Step::Tests(arguments) => {
            let (runner, command) = runner(workshop, arguments);
            tests(workshop, runner, command, counts)
        }
        Step::IsolatedTests(arguments) => {
            let (runner, mut command) = runner(workshop, arguments);
            command.env("CARGO_NET_OFFLINE", "true").env("MODELPORT_BIN", program::path(workshop)?);
            tests(workshop, runner, isolation::without_network(command), counts)
        }
        Step::BrowserTests(browser, arguments) => {
            browsers::test(workshop, *browser, arguments, counts)
        }
        Step::NodeTests(folder) => {
            let mut command = node_tests(workshop, folder)?;
            command.env("MODELPORT_BIN", program::path(workshop)?);
            tests(workshop, Runner::Node, isolation::without_network(command), counts)
        }
        Step::DocTests(arguments) => {
            let first = ["test", "--doc", "--no-fail-fast"];
            let command = workshop.cargo(&[&first, *arguments].concat());
            tests(workshop, Runner::Cargo, command, counts)
        }
        Step::Check(check) => check(workshop),
    })
}

/// Tests that have gone missing must not look like tests that have passed.
fn something_ran(cell: &Cell, counts: Counts) -> Result<()> {
    if cell.has_tests() && counts.run() == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// Nextest where it is installed, for its speed and its limit on slow tests, or Cargo's own.
fn runner(workshop: &Workshop, arguments: &[&str]) -> (Runner, Command) {
    let (runner, mut command) = if on_path("cargo-nextest").is_some() {
        // A crate may have no tests yet.
        let profile = match (workshop.full, workshop.ci) {
            (true, _) => "--profile=full",
            (false, true) => "--profile=ci",
            (false, false) => "--profile=default",
        };
        let first = ["nextest", "run", "--no-fail-fast", "--no-tests=pass", profile];
        // A workspace of its own has no settings; these are for all.
        let settings = ["--config-file", ".config/nextest.toml"];
        (Runner::Nextest, workshop.cargo(&[&first, &settings[..], arguments].concat()))
    } else {
        (Runner::Cargo, workshop.cargo(&[&["test", "--no-fail-fast"], arguments].concat()))
    };
    command.env("MODELPORT_TOOLS", workshop.tools());
    if workshop.full {
        command.env("MODELPORT_FULL", "1");
    }
    (runner, command)
}

/// Node's own runner for the test files of a folder, one after the other: each starts browsers.
fn node_tests(workshop: &Workshop, folder: &str) -> Result<Command> {
    let folder = workshop.root.join(folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
    files.sort();
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]);
    // For a file; the slowest takes a tenth of it.
    command.arg("--test-timeout=600000");
    command.args(files).env("MODELPORT_TOOLS", workshop.tools());
    Ok(command)
}

fn tests(workshop: &Workshop, runner: Runner, command: Command, counts: &mut Counts) -> Result<()> {
    let watched = process::watch(&mut limit::in_time(workshop, command))?;
    counts.add(runner.count(&watched.text));
    if !watched.success {
        bail!("the test run failed");
    }
    Ok(())
}
