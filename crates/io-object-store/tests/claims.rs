//! What is removed, and what is left to whom it belongs.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, executor::block_on};
use io_core::{ErrorKind, Garbage, GcOptions, HandlerOptions, IOHandler, Json, ModelUrl, Result};
use io_object_store::ObjectStoreHandler;
use object_store::{ObjectStoreExt, PutPayload, path::Path};
use support::{
    bench,
    faulty::Faulty,
    models::{assert_loads, model},
};

fn open(url: &str) -> ObjectStoreHandler {
    let url = ModelUrl::parse(&format!("bench://{url}")).unwrap();
    bench::handler(&url, &HandlerOptions::new()).unwrap()
}

fn put(store: &Arc<Faulty>, key: &str, text: impl Into<PutPayload>) {
    block_on(store.put(&Path::parse(key).unwrap(), text.into())).unwrap();
}

fn text(store: &Arc<Faulty>, key: &str) -> Vec<u8> {
    let read = async { store.get(&Path::parse(key).unwrap()).await.unwrap().bytes().await };
    block_on(read).unwrap().to_vec()
}

fn collect(name: &str) -> Vec<Result<Garbage>> {
    let url = ModelUrl::parse(&format!("bench://{name}")).unwrap();
    let models = bench::models(&url, &HandlerOptions::new()).unwrap();
    let all = GcOptions::default().with_older_than(Duration::ZERO).with_dry_run(false);
    block_on(models.gc(all).collect())
}

#[test]
fn what_an_old_manifest_wrongly_calls_its_own_is_left_alone() {
    for (index, path) in
        ["model.json", "y.json", "sub/model.json", "sub/w.bin", ".", "sub"].iter().enumerate()
    {
        let name = format!("wrong-{index}");
        let store = bench::store(&name);
        let other = br#"{"weightsManifest":[{"paths":["w.bin"],"weights":[]}]}"#;
        for key in ["d", "d/sub"] {
            put(&store, key, vec![1]);
        }
        for key in ["d/y.json", "d/sub/model.json"] {
            put(&store, key, other.to_vec());
        }
        for key in ["d/w.bin", "d/sub/w.bin"] {
            put(&store, key, Vec::new());
        }
        let old = format!(r#"{{"weightsManifest":[{{"paths":["{path}"],"weights":[]}}]}}"#);
        put(&store, "d/model.json", old.into_bytes());
        let before = store.keys();
        block_on(open(&format!("{name}/d")).save(model(1, 10))).unwrap();
        let left = store.keys();
        // `sub` is an object of its own, of nobody else's.
        let gone: Vec<_> = before.iter().filter(|key| !left.contains(key)).collect();
        assert!(gone.iter().all(|key| *path == "sub" && *key == "d/sub"), "{path}: {gone:?}");
        assert_loads(&open(&format!("{name}/d")), 1, 10);
    }
}

#[test]
fn nothing_of_a_damaged_model_is_garbage() {
    let store = bench::store("damaged");
    block_on(open("damaged/m").save(model(1, 10))).unwrap();
    let whole = text(&store, "m/model.json");
    for damaged in [&[], &whole[..whole.len() - 1]] {
        put(&store, "m/model.json", damaged.to_vec());
        let found = collect("damaged");
        assert_eq!(found.len(), 1);
        let error = found[0].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("`m/model.json` is corrupt"), "{error}");
    }
    put(&store, "m/model.json", whole);
    assert_loads(&open("damaged/m"), 1, 10);
}

#[test]
fn a_model_with_a_large_topology_keeps_its_weights() {
    bench::store("large");
    let mut artifacts = model(1, 10);
    let filler = "x".repeat(65 << 20);
    artifacts.model_topology = Some(Json::parse(&format!(r#"{{"filler":"{filler}"}}"#)).unwrap());
    block_on(open("large/m").save(artifacts)).unwrap();
    assert!(collect("large").is_empty());
    let loaded = block_on(open("large/m").load()).unwrap();
    assert_eq!(block_on(loaded.weight_data.unwrap().to_bytes()).unwrap().len(), 40);
}

#[test]
fn a_json_object_that_is_no_model_is_not_replaced() {
    let store = bench::store("package");
    put(&store, "app/package.json", br#"{"name":"app"}"#.to_vec());
    let before = store.keys();
    let error = block_on(open("package/app/package.json").save(model(1, 10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("is there and is not a model"), "{error}");
    assert_eq!(store.keys(), before);
}
