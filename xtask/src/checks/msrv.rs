//! Checks the `rust-version` that we promise without a compiler of that age.
//!
//! Two things break such a promise: a dependency that asks for a newer compiler, and a newer
//! part of the standard library in our own code. The first is read from what each dependency
//! declares; the second is clippy's `incompatible_msrv`, so that lint has to be on.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::metadata::Metadata;
use crate::toml::section;
use crate::workshop::Workshop;

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let manifest = fs::read_to_string(workshop.root.join("Cargo.toml"))?;
    let lints = section(&manifest, "workspace.lints.clippy");
    if !lints.iter().any(|(lint, level)| *lint == "incompatible_msrv" && !level.contains("allow")) {
        bail!("the workspace does not turn clippy's incompatible_msrv on");
    }
    let package = section(&manifest, "workspace.package");
    let promised = package.iter().find(|(key, _)| *key == "rust-version");
    let promised = promised.context("the workspace states no rust-version")?.1.trim_matches('"');
    let promise = version(promised).context("cannot read the workspace's rust-version")?;

    let mut newer = Vec::new();
    for package in &Metadata::read(workshop)?.packages {
        let Some(wanted) = &package.rust_version else { continue };
        if version(wanted).is_none_or(|wanted| wanted > promise) {
            newer.push(format!("{} {} wants {wanted}", package.name, package.version));
        }
    }
    if !newer.is_empty() {
        bail!("we promise Rust {promised}, but {}", newer.join(", "));
    }
    Ok(())
}

fn version(text: &str) -> Option<[u64; 3]> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    Some([major, minor, parts.next().unwrap_or(Some(0))?])
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_missing_patch_is_zero() {
        assert_eq!(version("1.89"), version("1.89.0"));
        assert!(version("1.100.0") > version("1.89.1"));
        assert_eq!(version("new"), None);
    }
}
