//! Objects beside a model that belong to no model.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use futures::{StreamExt, executor::block_on};
use io_core::{
    HandlerOptions, IOHandler, ModelArtifacts, ModelStore, ModelUrl, WeightSpec, Weights,
};
use io_object_store::{ObjectModelStore, ObjectStoreHandler};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};

fn url(text: &str) -> ModelUrl {
    ModelUrl::parse(text).unwrap()
}

#[test]
fn objects_beside_a_model_are_found_and_removed_one_by_one() {
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let base = url("mine://bucket");
    let model = url("mine://bucket/m");
    let handler =
        ObjectStoreHandler::new(memory.clone(), model.clone(), "m", HandlerOptions::new()).unwrap();
    let artifacts = ModelArtifacts {
        weight_specs: Some(vec![WeightSpec::new("w", [4], io_core::DType::Uint8)]),
        weight_data: Some(Weights::from(vec![1, 2, 3, 4])),
        ..ModelArtifacts::default()
    };
    block_on(handler.save(artifacts)).unwrap();
    for (key, text) in [
        ("m/metadata.json", "{}"),
        ("m/labels.txt", "a"),
        ("m/below/x.txt", "x"),
        ("m/other.json", r#"{"weightsManifest":[{"paths":["o.bin"],"weights":[]}]}"#),
        ("m/o.bin", ""),
        ("beside.txt", "b"),
    ] {
        block_on(memory.put(&Path::from(key), PutPayload::from(text.as_bytes().to_vec()))).unwrap();
    }
    let store =
        ObjectModelStore::new(memory.clone(), base.clone(), &base, HandlerOptions::new()).unwrap();
    for model in [model, url("mine://bucket/m/model.json")] {
        assert_eq!(block_on(store.companions(&model)).unwrap(), ["labels.txt", "metadata.json"]);
    }
    block_on(store.remove_companion(&url("mine://bucket/m"), "labels.txt")).unwrap();
    assert_eq!(block_on(store.companions(&url("mine://bucket/m"))).unwrap(), ["metadata.json"]);
    block_on(handler.load()).unwrap();
}

#[test]
fn a_damaged_model_in_a_list_is_named() {
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let base = url("mine://bucket");
    for (key, text) in [
        ("a/model.json", ""),
        ("b/model.json", r#"{"weightsManifest":[{"paths":["w"],"weights":[]}]}"#),
        ("c/model.json", r#"{"modelTopology":{}}"#),
    ] {
        block_on(memory.put(&Path::from(key), PutPayload::from(text.as_bytes().to_vec()))).unwrap();
    }
    let store = ObjectModelStore::new(memory, base.clone(), &base, HandlerOptions::new()).unwrap();
    let listed: Vec<_> = block_on(store.list().collect());
    let mut damaged: Vec<_> =
        listed.iter().filter_map(|entry| entry.as_ref().err()?.url()).collect();
    damaged.sort_unstable();
    assert_eq!((listed.len(), damaged), (3, vec!["mine://bucket/a", "mine://bucket/b"]));
}
