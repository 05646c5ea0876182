//! Rules for every package of the workspace.

use std::fs;

use anyhow::Result;

use crate::metadata::Metadata;
use crate::toml::section;
use crate::workshop::{Workshop, shown};

pub(crate) fn check(workshop: &Workshop, metadata: &Metadata) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for member in metadata.members() {
        let manifest = fs::read_to_string(&member.manifest)?;
        if !section(&manifest, "lints").contains(&("workspace", "true")) {
            let name = shown(&workshop.root, &member.manifest);
            complaints.push(format!("{name}: does not inherit the workspace's lints"));
        }
        if member.published && section(&manifest, "package.metadata.docs.rs").is_empty() {
            let name = shown(&workshop.root, &member.manifest);
            complaints.push(format!("{name}: does not say how docs.rs builds it"));
        }
    }
    Ok(complaints)
}
