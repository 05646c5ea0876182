//! `sqlite://` shows every behaviour that modelport asks of a handler.

use io_conformance::Place;

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let root = format!("sqlite://{}/models.db?model=root", folder.path().display());
    Place::new(&modelport_sqlite::REGISTRATION, root).keeping(folder)
}

io_conformance::conformance! {
    setup: place,
    ran: 97,
    skipped: 8,
}
