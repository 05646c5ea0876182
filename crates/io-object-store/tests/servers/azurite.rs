//! `az://` on Azurite, Microsoft's own emulator.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use futures::executor::block_on;
use io_conformance::Place;
use io_core::{HandlerOptions, ModelUrl};
use io_object_store::azure::REGISTRATION;
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};

use crate::{
    check,
    http::request,
    server::{Server, free_port, tool},
    support::models::{assert_loads, model},
};

const ACCOUNT: &str = "devstoreaccount1";
/// The emulator's published key.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

fn start() -> (Server, u16) {
    let port = free_port();
    let mut command = Command::new("node");
    command.arg(tool("azurite/node_modules/azurite/dist/src/blob/main.js")).args([
        // It reports to its makers otherwise.
        "--disableTelemetry",
        "--silent",
        "--inMemoryPersistence",
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
    ]);
    command.arg(port.to_string());
    let server = Server::start(command, port);
    let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
    let path = format!("/{ACCOUNT}/models?restype=container");
    let mut signed = http_types::Request::builder()
        .method("PUT")
        .uri(format!("http://127.0.0.1:{port}{path}"))
        .header("content-length", "0")
        .body(object_store::client::HttpRequestBody::empty())
        .unwrap();
    AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut signed).unwrap();
    let headers: Vec<_> = signed
        .headers()
        .iter()
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let (status, body) = request(port, "PUT", &path, &headers, b"");
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    (server, port)
}

fn options(port: u16) -> HandlerOptions {
    HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("account_name", ACCOUNT)
        .with_setting("account_key", KEY)
        .with_setting("endpoint", format!("http://127.0.0.1:{port}/{ACCOUNT}"))
        .with_setting("allow_http", "true")
        .with_setting("max_retries", "2")
        .with_setting("part_bytes", "5242880")
}

#[test]
fn azure_shows_every_behaviour() {
    let (_server, port) = start();
    let next = AtomicU64::new(0);
    // One request at a time keeps a save of 32 MiB below half of it in memory.
    let options = options(port).with_setting("concurrency", "1");
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
    let (_server, port) = start();
    for (key, floats) in [("large", FLOATS), ("a b", 10), ("a%20b", 10), ("q?x=1#2+é", 10)] {
        let url = ModelUrl::new("az", &format!("models/{key}")).unwrap();
        let handler = (REGISTRATION.open)(&url, &options(port)).unwrap();
        block_on(handler.save(model(1, floats))).unwrap();
        assert_loads(&handler, 1, floats);
    }
}
