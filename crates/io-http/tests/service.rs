//! How a modelport server is found, and found again.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use futures::{StreamExt as _, executor::block_on};
use io_core::{ErrorKind, HandlerOptions, ModelEntry, ModelStore as _, ModelUrl, Result};
use io_http::HttpStore;
use support::{quick, server::Server};

fn store(url: &str) -> HttpStore {
    let url = ModelUrl::parse(url).unwrap();
    HttpStore::with_options(url, HandlerOptions::new(), quick()).unwrap()
}

fn list(url: &str) -> Option<Result<ModelEntry>> {
    block_on(store(url).list().next())
}

fn document(models: &str) -> String {
    format!(r#"{{"modelport":1,"models":"{models}","operations":["list","stat"]}}"#)
}

#[test]
fn a_server_that_was_absent_is_asked_again() {
    let server = Server::start(|exchange| match (exchange.target.as_str(), exchange.nth) {
        ("/.well-known/modelport", 0) => exchange.answer(404, &[], b""),
        ("/.well-known/modelport", _) => exchange.answer(200, &[], document("/models").as_bytes()),
        (target, _) if target.starts_with("/models?") => {
            exchange.answer(200, &[], br#"{"models":[],"next":null}"#)
        }
        _ => exchange.answer(404, &[], b""),
    });
    let url = server.url("/models");
    let error = list(&url).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(list(&url).is_none());
    // And what it said is remembered.
    server.forget();
    assert!(list(&url).is_none());
    assert_eq!(server.log().len(), 1, "{:?}", server.log());
}

#[test]
fn a_server_below_a_path_prefix_is_found() {
    for root in [404, 403, 405] {
        let server = Server::start(move |exchange| match exchange.target.as_str() {
            "/a/pre/.well-known/modelport" => {
                exchange.answer(200, &[], document("/a/pre/models").as_bytes())
            }
            target if target.starts_with("/a/pre/models?") => {
                exchange.answer(200, &[], br#"{"models":[],"next":null}"#)
            }
            _ => exchange.answer(root, &[], b""),
        });
        assert!(list(&server.url("/a/pre/models/team")).is_none(), "{root}");
        assert_eq!(
            server.log()[..4],
            [
                "GET /.well-known/modelport",
                "GET /a/pre/models/team/.well-known/modelport",
                "GET /a/pre/models/.well-known/modelport",
                "GET /a/pre/.well-known/modelport",
            ]
        );
        // For other models it is known already.
        server.forget();
        assert!(list(&server.url("/a/pre/models/other")).is_none());
        assert_eq!(server.log().len(), 1, "{:?}", server.log());
    }
}

/// Two servers of one origin, each with a part of it.
#[test]
fn each_of_two_servers_has_its_own_part_of_an_origin() {
    let server = Server::start(|exchange| match exchange.target.split('?').next().unwrap() {
        "/.well-known/modelport" => exchange.answer(200, &[], document("/models").as_bytes()),
        "/b/.well-known/modelport" => exchange.answer(200, &[], document("/b/models").as_bytes()),
        // A server below a path prefix has no say over the rest of the origin.
        "/c/.well-known/modelport" => exchange.answer(200, &[], document("/models").as_bytes()),
        "/models" | "/b/models" => exchange.answer(200, &[], br#"{"models":[],"next":null}"#),
        _ => exchange.answer(404, &[], b""),
    });
    assert!(list(&server.url("/models/x")).is_none());
    assert!(list(&server.url("/b/models/x")).is_none());
    let error = list(&server.url("/c/models/x")).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.hint().unwrap().ends_with("/models"), "{error:?}");
}
