//! `http://` shows every behaviour, beside a server that keeps what is uploaded.
#![cfg(not(target_family = "wasm"))]

mod support;

use io_conformance::Place;
use io_core::HandlerOptions;

fn place() -> Place {
    let server = support::site::start();
    let root = server.url("/");
    Place::new(&io_http::REGISTRATION, root.clone())
        .with_models_at(root, "/model.json")
        .with_options(HandlerOptions::new().with_setting("retries", "1"))
        .with_settings(&[
            "ca-certificates",
            "connect-timeout",
            "env",
            "from-tfhub",
            "headers",
            "idle-timeout",
            "max-json-bytes",
            "method",
            "parallel",
            "proxy",
            "retries",
            "root-certificates",
            "speed-limit",
            "speed-time",
            "timeout",
            "token",
            "trusted-origins",
            "weight-path-prefix",
        ])
        .keeping(server)
}

io_conformance::conformance! {
    setup: place,
    ran: 68,
    skipped: 37,
}
