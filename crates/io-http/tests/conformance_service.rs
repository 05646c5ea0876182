//! `http://` shows every behaviour of a store, beside a server that speaks modelport's protocol.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use futures::{StreamExt, executor::block_on};
use io_conformance::Place;
use io_core::{HandlerOptions, ModelStore, ModelUrl};
use io_http::HttpStore;

fn place() -> Place {
    let server = support::service::start();
    let root = server.url("/models");
    // What a server does is known when it has been asked once.
    let url = ModelUrl::parse(&root).unwrap();
    let store = HttpStore::new(url, HandlerOptions::new()).unwrap();
    assert!(block_on(store.list().next()).is_none());
    Place::new(&io_http::REGISTRATION, root)
        .with_options(HandlerOptions::new().with_setting("retries", "1"))
        .with_settings(&["method", "retries", "token"])
        .keeping(server)
}

io_conformance::conformance! {
    setup: place,
    ran: 98,
    skipped: 7,
}
