//! `file://` shows every behaviour.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use io_conformance::Place;

fn place() -> Place {
    let root = tempfile::tempdir().unwrap();
    Place::new(&io_fs::REGISTRATION, format!("file://{}", root.path().display()))
        .with_settings(&["fsync", "read", "symlinks", "weights"])
        .keeping(root)
}

io_conformance::conformance! {
    setup: place,
    ran: 98,
    skipped: 7,
}
