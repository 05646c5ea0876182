//! What the tests in browsers share: a server inside the page.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use io_conformance::{Place, unique_name};
use io_core::{HandlerOptions, ModelUrl};
use io_http::{HttpHandler, HttpOptions};
use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/tests/browser/server.js")]
extern "C" {
    /// Puts the server in the place of the network.
    pub fn start();
    /// Every request so far, as JSON.
    pub fn requested() -> String;
    /// How many requests and bodies were given up.
    pub fn given_up() -> u32;
    /// The sum of the bytes that faulty paths have.
    pub fn noise_sum() -> u32;
    /// A `fetchFunc` as the tests of TensorFlow.js have it.
    pub fn fetch_func() -> Function;
}

/// The server's origin.
pub const ORIGIN: &str = "http://models.test";

pub fn place() -> Place {
    start();
    let root = format!("{ORIGIN}/{}/", unique_name());
    Place::new(&io_http::REGISTRATION, root.clone())
        .with_models_at(root, "/model.json")
        .with_options(HandlerOptions::new().with_setting("retries", "1"))
        .with_settings(&["cache", "credentials", "headers", "method", "mode", "retries", "token"])
}

/// Options whose retries do not wait.
pub fn quick() -> HttpOptions {
    HttpOptions::default()
        .with_retry_delay(Duration::ZERO)
        .with_idle_timeout(Duration::from_millis(500))
}

pub fn handler(url: &str, http: HttpOptions) -> HttpHandler {
    HttpHandler::with_options(ModelUrl::parse(url).unwrap(), HandlerOptions::new(), http).unwrap()
}
