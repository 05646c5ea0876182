//! A weights manifest that stands alone, as face-api.js has it, in an object store.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use futures::{StreamExt, executor::block_on};
use io_core::{HandlerOptions, IOHandler, ModelStore, ModelUrl};
use io_object_store::{ObjectModelStore, ObjectStoreHandler};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};

const NAME: &str = "face/tiny-weights_manifest.json";

#[test]
fn a_bare_manifest_is_listed_loaded_copied_and_removed() {
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let manifest =
        r#"[{"paths":["tiny-shard1"],"weights":[{"name":"w","shape":[4],"dtype":"uint8"}]}]"#;
    for (key, text) in [(NAME, manifest), ("face/tiny-shard1", "abcd"), ("face/list.json", "[1]")] {
        block_on(memory.put(&Path::from(key), PutPayload::from(text.as_bytes().to_vec()))).unwrap();
    }
    let base = ModelUrl::parse("mine://bucket").unwrap();
    let url = ModelUrl::parse(&format!("mine://bucket/{NAME}")).unwrap();
    let store =
        ObjectModelStore::new(memory.clone(), base.clone(), &base, HandlerOptions::new()).unwrap();
    let listed: Vec<_> = block_on(store.list().collect());
    let listed: Vec<_> = listed.iter().map(|entry| entry.as_ref().unwrap().url.as_str()).collect();
    assert_eq!(listed, [url.as_str()]);

    let load = |key: &str| {
        let url = ModelUrl::parse(&format!("mine://bucket/{key}")).unwrap();
        let handler =
            ObjectStoreHandler::new(memory.clone(), url, key, HandlerOptions::new()).unwrap();
        let model = block_on(handler.load()).unwrap();
        assert!(model.model_topology.is_none());
        block_on(model.weight_data.unwrap().to_bytes()).unwrap()
    };
    assert_eq!(load(NAME).as_ref(), b"abcd");
    let to = ModelUrl::parse("mine://bucket/copy").unwrap();
    block_on(store.copy(&url, &to)).unwrap();
    assert_eq!(load("copy").as_ref(), b"abcd");
    block_on(store.remove(&url)).unwrap();
    let left: Vec<_> = block_on(memory.list(Some(&Path::from("face"))).collect());
    assert_eq!(left.len(), 1, "{left:?}");
}
