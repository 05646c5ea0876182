//! What rustdoc knows of our crates, as JSON.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::metadata::Metadata;
use crate::process;
use crate::workshop::Workshop;

/// Writes it for each library and returns the folder.
pub(super) fn write(workshop: &Workshop, metadata: &Metadata) -> Result<PathBuf> {
    // In one run, and as the cell `docs` has it, so that nothing is compiled again.
    let mut command =
        workshop.cargo(&["doc", "--workspace", "--lib", "--all-features", "--no-deps"]);
    command.env("RUSTDOC", script(&metadata.target_directory)?);
    command.env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json");
    process::run(&mut command)?;
    Ok(metadata.target_directory.join("doc"))
}

/// That of one package.
pub(super) fn file(folder: &Path, package: &str) -> PathBuf {
    folder.join(format!("{}.json", package.replace('-', "_")))
}

/// A rustdoc that writes JSON. The stable one can do it, but wants to be told that the form may change;
/// told the compiler as well, everything would be compiled again.
fn script(target: &Path) -> Result<PathBuf> {
    let script = target.join("rustdoc-json");
    let rustdoc = env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    fs::write(&script, format!("#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec {rustdoc} \"$@\"\n"))?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(script)
}
