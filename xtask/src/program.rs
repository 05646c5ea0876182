//! The program `modelport` as the tests run it.

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

use anyhow::Result;

use crate::metadata::Metadata;
use crate::process;
use crate::workshop::Workshop;

/// Builds it together with the whole workspace: by itself it would need its dependencies with other
/// features, so that all of them would be compiled once more.
pub(crate) fn build(workshop: &Workshop) -> Result<()> {
    process::run(&mut workshop.cargo(&["build", "--workspace", "--all-features", "--bins"]))
}

/// Where Cargo puts it.
pub(crate) fn path(workshop: &Workshop) -> Result<PathBuf> {
    let folder = Metadata::read(workshop)?.target_directory.join("debug");
    Ok(folder.join(format!("modelport{EXE_SUFFIX}")))
}
