//! TensorFlow.js for Node, and the file handler of tfjs-node without its native addon.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use super::stamp;
use crate::process;
use crate::workshop::{Workshop, on_path};

/// What npm reads. It works on copies, so that it writes nothing into the source tree.
const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let sources = FILES.map(|file| workshop.interop().join(file));
    let mut wanted = String::new();
    for source in &sources {
        wanted.push_str(&fs::read_to_string(source)?);
    }
    if on_path("node").is_none() {
        bail!("node is not on the path");
    }
    stamp::install(&workshop.tools().join("node"), &wanted, |folder| {
        for (file, source) in FILES.iter().zip(&sources) {
            fs::copy(source, folder.join(file))?;
        }
        // Exactly what is locked, and no scripts of any package: `.npmrc` says the latter.
        process::run(Command::new("npm").arg("ci").current_dir(folder))
    })
}
