//! What a server lets pages of other origins do.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use futures::executor::block_on;
use io_core::ErrorKind;
use support::{handler, quick, server::Server};

const APP: &str = "https://app.example";

#[test]
fn a_server_is_asked_as_a_browser_asks() {
    let server = Server::start(|exchange| {
        assert_eq!(exchange.header("origin"), Some(APP));
        if exchange.method == "OPTIONS" {
            // A browser has no leave yet to send them.
            assert_eq!(exchange.header("authorization"), None);
            assert_eq!(exchange.header("access-control-request-method"), Some("PUT"));
            assert_eq!(
                exchange.header("access-control-request-headers"),
                Some("authorization,x-a")
            );
            let headers = [
                ("access-control-allow-origin", APP),
                ("access-control-allow-methods", "PUT, DELETE"),
                ("access-control-allow-headers", "Authorization , *"),
            ];
            return exchange.answer(204, &headers, b"");
        }
        assert_eq!(exchange.header("authorization"), Some("Bearer hunter2"));
        let headers =
            [("access-control-allow-origin", "*"), ("access-control-expose-headers", "ETag")];
        exchange.answer(200, &headers, b"{}")
    });
    let http = quick().with_token("hunter2");
    let asked = handler(&server.url("/model.json"), http);
    let get = block_on(asked.cors_get(APP)).unwrap();
    assert!(get.allows_origin(APP) && get.allows_origin("https://other.example"));
    assert!(get.exposes_header("etag") && !get.exposes_header("content-range"));

    let leave = block_on(asked.cors_preflight(APP, "PUT", &["authorization", "x-a"])).unwrap();
    assert_eq!((leave.status, leave.redirected), (204, false));
    assert!(leave.allows_origin(APP) && !leave.allows_origin("https://other.example"));
    for (method, may) in [("PUT", true), ("POST", true), ("PATCH", false)] {
        assert_eq!(leave.allows_method(method), may, "{method}");
    }
    assert!(leave.allows_header("Authorization") && leave.allows_header("x-a"));
}

#[test]
fn a_star_does_not_stand_for_authorization_and_an_origin_is_checked() {
    let server = Server::start(|exchange| {
        let headers = [("access-control-allow-origin", "*"), ("access-control-allow-headers", "*")];
        exchange.answer(200, &headers, b"")
    });
    let asked = handler(&server.url("/model.json"), quick());
    let leave = block_on(asked.cors_preflight(APP, "GET", &["authorization"])).unwrap();
    assert!(leave.allows_header("x-a") && !leave.allows_header("authorization"));
    let error = block_on(asked.cors_get("https://app\n.example")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
