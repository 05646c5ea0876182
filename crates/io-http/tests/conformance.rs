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
            "connect-timeout",
            "from-tfhub",
            "headers",
            "idle-timeout",
            "method",
            "parallel",
            "proxy",
            "retries",
            "root-certificates",
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
