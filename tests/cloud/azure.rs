//! `az://` on Azurite, Microsoft's own emulator.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::executor::block_on;
use io_conformance::Place;
use io_object_store::azure::REGISTRATION;
use modelport_tests::servers::Azurite;

use crate::{
    check,
    models::{assert_loads, model},
};

/// 5 MiB.
const PART: &str = "5242880";

#[test]
fn azure_shows_every_behaviour() {
    let server = Azurite::start();
    let next = AtomicU64::new(0);
    // One request at a time keeps a save of 32 MiB below half of it in memory.
    let options =
        server.options().with_setting("part_bytes", PART).with_setting("concurrency", "1");
    let place = || {
        let root = format!("az://models/place-{}", next.fetch_add(1, Ordering::Relaxed));
        Place::new(&REGISTRATION, root).with_options(options.clone()).with_settings(&[
            "account_key",
            "account_name",
            "endpoint",
            "part_bytes",
            "timeout",
        ])
    };
    check("az:// on Azurite", &block_on(io_conformance::run(place)), 98);
}

#[test]
fn azure_uploads_in_parts_and_keys_are_literal() {
    /// 4 parts of 5 MiB and one of 1 MiB.
    const FLOATS: u64 = 21 << 18;
    let server = Azurite::start();
    let options = server.options().with_setting("part_bytes", PART);
    for (key, floats) in [("large", FLOATS), ("a b", 10), ("a%20b", 10), ("q?x=1#2+é", 10)] {
        let handler = (REGISTRATION.open)(&server.url(key), &options).unwrap();
        block_on(handler.save(model(1, floats))).unwrap();
        assert_loads(&handler, 1, floats);
    }
}
