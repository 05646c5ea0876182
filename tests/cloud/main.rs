//! The handlers of the clouds against real servers, which `cargo xtask test --cell cloud` sets up.
//!
//! With `--full` the same with as many rounds and bytes as the project promises, for hours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper of a test that fails is a test that fails"
)]

mod azure;
mod conflicts;
mod convert;
mod doctor;
mod faults;
mod gc;
mod gcs;
mod kills;
mod large;
#[path = "../../crates/io-object-store/tests/support/models.rs"]
#[allow(unreachable_pub, reason = "it is a module of other tests as well")]
mod models;
mod pairs;
#[path = "../serve/server.rs"]
#[allow(dead_code, reason = "one way to run it for all tests")]
mod program_server;
mod proxy;
#[path = "../serve/round.rs"]
mod round;
mod s3;
mod serve;

use std::time::Duration;

use futures::{TryStreamExt, executor::block_on};
use io_conformance::Report;
use io_core::{Garbage, GcOptions, HandlerOptions, ModelUrl};

/// Prints how it went, and fails if it went wrong or less than all was tried.
#[track_caller]
fn check(what: &str, report: &Report, ran: usize) {
    println!("{what}: {report}");
    assert!(report.passed(), "{report}");
    assert_eq!(report.ran.len(), ran, "{report}");
}

/// How much is tried: `few`, or with `--full` as much as the project promises.
fn amount<T>(few: T, full: T) -> T {
    if std::env::var_os("MODELPORT_FULL").is_some() { full } else { few }
}

/// What no model has at and below a place in a cloud, however young; with `remove` it is removed.
fn garbage(url: &ModelUrl, options: &HandlerOptions, remove: bool) -> Vec<Garbage> {
    collect_garbage(
        url,
        options,
        GcOptions::default().with_older_than(Duration::ZERO).with_dry_run(!remove),
    )
}

fn collect_garbage(url: &ModelUrl, options: &HandlerOptions, which: GcOptions) -> Vec<Garbage> {
    let place = io_object_store::place(url, options).unwrap().expect("a cloud");
    block_on(place.store.gc(which).try_collect()).unwrap()
}

/// The settings of a handler as arguments of the program, where `flag` sets one.
fn words(flag: &str, options: &HandlerOptions) -> Vec<String> {
    options.settings.iter().map(|(name, value)| format!("{flag}={name}={value}")).collect()
}
