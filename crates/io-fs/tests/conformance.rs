//! `file://` shows every behaviour.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{fs, process};

use io_conformance::Place;

/// A directory for each test, which runs in a process of its own or not.
fn place() -> Place {
    let name = format!("{}-{}", process::id(), io_conformance::unique_name());
    let root = std::env::temp_dir().join("modelport-conformance").join(name);
    fs::create_dir_all(&root).unwrap();
    Place::new(&io_fs::REGISTRATION, format!("file://{}", root.display()))
}

io_conformance::conformance! {
    setup: place,
    ran: 97,
    skipped: 8,
}
