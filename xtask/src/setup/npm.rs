//! Packages for Node, exactly as a lock file has them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::stamp;
use crate::process;
use crate::workshop::{Workshop, on_path};

/// What npm reads. It works on copies, so that it writes nothing into the source tree.
const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Installs what the files in `sources` name into the folder `name` of the tools.
pub(crate) fn install(workshop: &Workshop, name: &str, sources: &Path) -> Result<()> {
    let sources = FILES.map(|file| sources.join(file));
    let mut wanted = String::new();
    for source in &sources {
        wanted.push_str(&fs::read_to_string(source)?);
    }
    if on_path("node").is_none() {
        bail!("node is not on the path");
    }
    stamp::install(&workshop.tools().join(name), &wanted, |folder| {
        for (file, source) in FILES.iter().zip(&sources) {
            fs::copy(source, folder.join(file))?;
        }
        // Exactly what is locked, and no scripts of any package: `.npmrc` says the latter.
        process::run(Command::new("npm").arg("ci").current_dir(folder))
    })
}
