//! The blocking functions: without a runtime, inside one, and where no thread may wait.
#![cfg(not(target_family = "wasm"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use futures::executor;
use modelport::{
    DType, ErrorKind, HandlerOptions, Json, ModelArtifacts, TransferOptions, WeightSpec, Weights,
    blocking,
};

fn model() -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("dense/bias", [2], DType::Float32)]),
        weight_data: Some(Weights::from(vec![7; 8])),
        ..ModelArtifacts::default()
    }
}

/// Every function once, in the place `root`.
fn goes_round(root: &str) {
    let (handler, transfer) = (HandlerOptions::new(), TransferOptions::new());
    let [a, b, c] = ["a", "b", "c"].map(|name| format!("{root}/{name}"));
    blocking::save(&a, model()).unwrap();
    blocking::save_with(&a, model(), &handler).unwrap();
    blocking::copy_model(&a, &b).unwrap();
    blocking::copy_model_with(&a, &b, &transfer).unwrap();
    blocking::move_model(&b, &c).unwrap();
    blocking::move_model_with(&c, &b, &transfer).unwrap();

    let found = blocking::list_models(root).unwrap().map(|entry| entry.unwrap().url.to_string());
    let mut found: Vec<_> = found.collect();
    found.sort();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(blocking::list_models_with(root, &handler).unwrap().count(), 2);
    assert_eq!(blocking::stat_model(&b).unwrap().info.weight_data_bytes, 8);
    assert_eq!(blocking::stat_model_with(&b, &handler).unwrap().info.weight_data_bytes, 8);
    assert_eq!(blocking::verify_model(&b).unwrap().bytes, 8);
    assert_eq!(blocking::verify_model_with(&b, &handler).unwrap().bytes, 8);

    for loaded in [blocking::load(&b), blocking::load_with(&b, &handler)] {
        let weights = loaded.unwrap().weight_data.unwrap();
        assert_eq!(blocking::block_on(weights.to_bytes()).unwrap(), &[7; 8][..]);
    }
    blocking::remove_model(&a).unwrap();
    blocking::remove_model_with(&b, &handler).unwrap();
    assert_eq!(blocking::load(&a).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn without_a_runtime() {
    goes_round("memory://blocking/plain");
}

#[cfg(feature = "fs")]
#[test]
fn files_without_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    goes_round(folder.path().to_str().unwrap());
}

#[cfg(feature = "fs")]
#[test]
fn files_inside_a_runtime_of_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { goes_round(folder.path().to_str().unwrap()) });
    runtime.block_on(async {
        // And in a task of it.
        let root = folder.path().to_str().unwrap().to_owned();
        tokio::spawn(async move { goes_round(&root) }).await.unwrap();
    });
}

/// What needs a runtime has its own, so a runtime of one thread that waits here waits for nothing of
/// its own.
#[cfg(feature = "http")]
#[test]
fn requests_inside_and_outside_a_runtime() {
    use std::io::{Read, Write};

    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/model.json", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let body = r#"{"modelTopology":{"a":1}}"#;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
            write!(stream, "{head}Connection: close\r\n\r\n{body}").unwrap();
        }
    });
    let topology = || blocking::load(&url).unwrap().model_topology.unwrap();
    assert_eq!(topology().get(), r#"{"a":1}"#);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(async { topology() }).get(), r#"{"a":1}"#);
}

#[test]
fn where_no_thread_may_wait_it_is_an_error() {
    let mut list = blocking::list_models("memory://blocking/nested").unwrap();
    executor::block_on(async {
        let errors = [
            blocking::save("memory://blocking/nested", model()).unwrap_err(),
            blocking::list_models("memory://blocking").unwrap_err(),
            list.next().unwrap().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("already runs an executor"), "{error}");
            assert!(error.hint().unwrap().contains("await"), "{error}");
        }
        assert!(list.next().is_none());
    });
    let nothing = blocking::load("memory://blocking/nested").unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotFound);
}
