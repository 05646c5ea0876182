//! A compiler that has the browser target, and its linter.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::process;
use crate::workshop::Workshop;

/// Uses the target of the compiler in use, or builds it from Debian's packages.
///
/// In CI it is always the latter: that result must not depend on what somebody had added.
pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let settings = settings(workshop);
    fs::create_dir_all(workshop.tools())?;
    if !workshop.ci && installed() {
        return fs::write(&settings, "").context("cannot write the compiler's settings");
    }
    process::run(Command::new(Path::new("xtask").join("wasm32-target")).arg(&settings))
        .context("with rustup, `rustup target add wasm32-unknown-unknown` is the short way")
}

/// The environment in which Cargo uses that compiler.
pub(crate) fn compiler(workshop: &Workshop) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(settings(workshop)).context("wasm32 is not set up")?;
    let pairs = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The linter of the compiler that [`set_up`] has chosen before: one of rustup has its own.
pub(crate) fn set_up_clippy(workshop: &Workshop) -> Result<()> {
    match beside(&compiler(workshop)?) {
        Some(program) if !program.is_file() => {
            apt::install("the linter of Debian's compiler", &["rust-web-clippy"])
        }
        _ => Ok(()),
    }
}

/// `cargo clippy` for the browser target.
pub(crate) fn clippy(workshop: &Workshop, arguments: &[&str]) -> Result<Command> {
    let compiler = compiler(workshop)?;
    let cargo = workshop.cargo(&[&["clippy"], arguments].concat());
    // The one on the path may be that of another compiler, which has no browser target.
    let program = beside(&compiler).map_or_else(|| cargo.get_program().into(), OsString::from);
    let mut command = Command::new(program);
    command.args(cargo.get_args());
    command.envs(compiler);
    Ok(command)
}

/// Where the linter of a compiler is that is not the one in use.
fn beside(compiler: &[(String, String)]) -> Option<PathBuf> {
    let (_, rustc) = compiler.iter().find(|(name, _)| name == "RUSTC")?;
    Some(Path::new(rustc).with_file_name("cargo-clippy"))
}

fn settings(workshop: &Workshop) -> PathBuf {
    workshop.tools().join("wasm32.env")
}

fn installed() -> bool {
    let arguments = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let folder = Command::new("rustc").args(arguments).output();
    folder.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
