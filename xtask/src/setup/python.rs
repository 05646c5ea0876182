//! A Python environment with the weight reader of the TensorFlow.js converter.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::stamp;
use crate::process;
use crate::workshop::Workshop;

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let requirements = workshop.interop().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    stamp::install(&workshop.tools().join("python"), &wanted, |folder| {
        environment(folder, &["--no-deps", "--requirement"], &requirements)
    })
}

/// Makes a Python environment and installs what a file lists.
///
/// The folder is renamed afterwards. Its `python` still works then; its scripts would not, as
/// they begin with the path of the interpreter.
pub(crate) fn environment(folder: &Path, flags: &[&str], requirements: &Path) -> Result<()> {
    process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))
        .context("python3 with its venv module is needed")?;
    process::run(
        Command::new(folder.join("bin").join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(flags)
            .arg(requirements),
    )
}
