//! The handlers against real servers. `cargo xtask test --cell cloud` sets them up and runs this.
#![cfg(all(feature = "aws", feature = "azure", feature = "gcp"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "servers/azurite.rs"]
mod azurite;
#[path = "servers/gcs.rs"]
mod gcs;
#[path = "servers/http.rs"]
mod http;
#[path = "servers/seaweed.rs"]
mod seaweed;
#[path = "servers/server.rs"]
mod server;
mod support;
#[path = "servers/weed.rs"]
mod weed;

use io_conformance::Report;

/// Prints how it went, and fails if it went wrong or less than all was tried.
#[track_caller]
fn check(what: &str, report: &Report, ran: usize) {
    println!("{what}: {report}");
    assert!(report.passed(), "{report}");
    assert_eq!(report.ran.len(), ran, "{report}");
}
