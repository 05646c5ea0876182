//! A store in memory, handed over, shows every behaviour.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use io_conformance::{Place, unique_name};

fn place() -> Place {
    Place::new(&support::bench::REGISTRATION, format!("bench://{}", unique_name()))
        .with_settings(&["concurrency", "on_conflict", "part_bytes"])
}

io_conformance::conformance! {
    setup: place,
    ran: 98,
    skipped: 7,
}
