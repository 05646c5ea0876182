//! A model on this server shows every behaviour of a handler, through the client of modelport.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use futures::StreamExt;
use io_conformance::Place;
use support::Site;

fn place() -> Place {
    let site = Site::new();
    let root = format!("http://{}/models/conformance", site.address);
    // A handler knows what the server can do as soon as a store has asked it.
    let store = modelport::store(&root).unwrap();
    assert!(futures::executor::block_on(store.list().collect::<Vec<_>>()).is_empty());
    Place::new(&io_http::REGISTRATION, root).keeping(site)
}

io_conformance::conformance! {
    setup: place,
    ran: 97,
    skipped: 8,
}
