//! The package's files that nobody compiles: modules, types, its description.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::BUILDS;
use crate::metadata::Metadata;
use crate::workshop::Workshop;

/// Copies the modules to each build and writes what the package says about itself.
pub(super) fn write(workshop: &Workshop, sources: &Path, package: &Path) -> Result<()> {
    for build in BUILDS {
        let place = package.join(build.name);
        fs::create_dir_all(&place)?;
        copy(sources, &place, ".js")?;
        for modules in build.modules {
            copy(&sources.join(modules), &place, ".js")?;
        }
    }
    copy(sources, package, ".d.ts")?;
    copy(sources, package, ".md")?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workshop.root.join(license), package.join(license))?;
    }
    let text = fs::read_to_string(sources.join("package.json"))?;
    let version = Metadata::read(workshop)?
        .members()
        .find(|member| member.name == "modelport-js")
        .map(|member| member.version.clone())
        .context("the workspace has no npm package")?;
    let text = text.replacen("\"0.0.0\"", &format!("{version:?}"), 1);
    fs::write(package.join("package.json"), text)?;
    Ok(())
}

fn copy(from: &Path, to: &Path, ending: &str) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(ending) {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
