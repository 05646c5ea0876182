//! `gs://` on fake-gcs-server, which can be read from: it has no XML uploads, which the client uses.

use std::process::Command;

use futures::{TryStreamExt, executor::block_on};
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelUrl};
use io_object_store::gcp::REGISTRATION;
use object_store::ObjectStoreExt;

use crate::{
    http::{encoded, request},
    server::{Server, free_port, tool},
    support::{
        bench,
        models::{assert_loads, model},
    },
};

const PROGRAM: &str = "object-stores/bin/fake-gcs-server";

fn start() -> (Server, u16) {
    let port = free_port();
    let mut command = Command::new(tool(PROGRAM));
    let address = format!("127.0.0.1:{port}");
    command.args(["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port"]);
    command.arg(port.to_string());
    command.args(["-external-url", &format!("http://{address}"), "-public-host", &address]);
    let server = Server::start(command, port);
    let json = [("Content-Type", "application/json")];
    let (status, _) =
        request(port, "POST", "/storage/v1/b?project=test", &json, br#"{"name":"models"}"#);
    assert_eq!(status, 200);
    (server, port)
}

#[test]
fn gcs_can_be_read() {
    const FLOATS: u64 = 3 << 20;
    let (_server, port) = start();
    // Saved to memory, and from there object by object, by another client.
    let saved = ModelUrl::parse("bench://gcs/deep/a b").unwrap();
    block_on(bench::handler(&saved, &HandlerOptions::new()).unwrap().save(model(1, FLOATS)))
        .unwrap();
    let store = bench::store("gcs");
    for key in store.keys() {
        let path = object_store::path::Path::parse(&key).unwrap();
        let found = block_on(store.get(&path)).unwrap();
        let bytes = block_on(found.bytes()).unwrap();
        let name = encoded(&key).replace('/', "%2F");
        let path = format!("/upload/storage/v1/b/models/o?uploadType=media&name={name}");
        let (status, _) = request(port, "POST", &path, &[], &bytes);
        assert_eq!(status, 200);
    }

    let options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("anonymous", "true")
        .with_setting("base_url", format!("http://127.0.0.1:{port}"))
        .with_setting("allow_http", "true")
        .with_setting("max_retries", "2");
    let url = ModelUrl::parse("gs://models/deep/a b").unwrap();
    assert_loads(&(REGISTRATION.open)(&url, &options).unwrap(), 1, FLOATS);
    let root = ModelUrl::parse("gs://models").unwrap();
    let models = (REGISTRATION.store.unwrap())(&root, &options).unwrap();
    let listed = block_on(models.list().try_collect::<Vec<_>>()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].url, listed[0].info.weight_data_bytes), (&url, FLOATS * 4));
    let absent = ModelUrl::parse("gs://models/absent").unwrap();
    let error = block_on(models.stat(&absent)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
