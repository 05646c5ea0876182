//! The program with the servers that stand in for the clouds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

#[path = "../../crates/io-object-store/tests/servers/http.rs"]
#[expect(dead_code, reason = "one client for all tests with these servers")]
mod http;
#[path = "../serve/round.rs"]
mod round;
mod serve;
#[path = "../../crates/io-object-store/tests/servers/server.rs"]
mod server;
#[path = "../../crates/io-object-store/tests/servers/weed.rs"]
#[expect(dead_code, reason = "one bucket for all tests with it")]
mod weed;
