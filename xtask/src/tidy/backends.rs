//! One shape for all backends: who knows one crate finds the way in every other.

use crate::metadata::Metadata;
use crate::workshop::Workshop;

/// The crates that are a backend.
const BACKENDS: &[&str] = &[
    "io-browser-indexeddb",
    "io-browser-localstorage",
    "io-downloads",
    "io-fs",
    "io-http",
    "io-object-store",
    "io-opfs",
];

/// What each of them has; beyond that it may have files for its own matter.
const FILES: &[&str] = &["src/lib.rs", "src/handler.rs"];

pub(crate) fn check(workshop: &Workshop, metadata: &Metadata) -> Vec<String> {
    let mut complaints = Vec::new();
    for backend in BACKENDS {
        if !metadata.members().any(|member| member.name == *backend) {
            complaints.push(format!("{backend}: listed as a backend, but no such crate"));
            continue;
        }
        let folder = workshop.root.join("crates").join(backend);
        for file in FILES.iter().filter(|file| !folder.join(file).is_file()) {
            complaints.push(format!("crates/{backend}: no {file}, which every backend has"));
        }
    }
    complaints
}
