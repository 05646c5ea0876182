//! Real TensorFlow.js and this crate read, list, copy and remove each other's models.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::num::NonZeroU64;

use futures::TryStreamExt;
use io_browser_indexeddb::{IndexedDbHandler, IndexedDbStore};
use io_core::{ErrorKind, HandlerOptions, IOHandler, Json, ModelEntry, ModelStore, ModelUrl};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// TensorFlow.js for pages, where `cargo xtask setup` puts it.
const TFJS: &str =
    include_str!("../../../target/tools/node/node_modules/@tensorflow/tfjs/dist/tf.min.js");

#[wasm_bindgen(module = "/tests/tfjs.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn start(source: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn save(url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn prediction(url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn listed(url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn copy(from: &str, to: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn relocate(from: &str, to: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn count_pieces() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn remove(url: &str) -> Result<JsValue, JsValue>;
}

fn url(name: &str) -> ModelUrl {
    ModelUrl::new("indexeddb", name).unwrap()
}

fn handler(name: &str) -> IndexedDbHandler {
    IndexedDbHandler::new(url(name), HandlerOptions::new()).unwrap()
}

fn store() -> IndexedDbStore {
    IndexedDbStore::new(url(""), HandlerOptions::new()).unwrap()
}

/// Sizes as TensorFlow.js lists them.
fn sizes(entry: &ModelEntry) -> String {
    let info = Json::new(&entry.info).unwrap();
    let (_, sizes) = info.get().split_once(',').unwrap();
    format!("{{{sizes}")
}

#[wasm_bindgen_test]
async fn each_reads_lists_copies_and_removes_the_models_of_the_other() {
    start(TFJS).await.unwrap();
    let expected = save("indexeddb://theirs/one").await.unwrap();

    // Theirs, by us.
    let entries: Vec<ModelEntry> = store().list().try_collect().await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(entry.url, url("theirs/one"));
    assert_eq!(JsValue::from(sizes(entry)), listed(entry.url.as_str()).await.unwrap());
    let loaded = handler("theirs/one").load().await.unwrap();
    let metadata = loaded.user_defined_metadata.clone().unwrap();
    assert_eq!(metadata.get(), r#"{"by":"hand","ratio":1.5}"#);
    assert_eq!(loaded.info().unwrap().weight_data_bytes, entry.info.weight_data_bytes);

    // Ours, by them.
    handler("ours/saved").save(loaded).await.unwrap();
    store().copy(&url("theirs/one"), &url("ours/copied")).await.unwrap();
    store().rename(&url("ours/copied"), &url("ours/renamed")).await.unwrap();
    for name in ["ours/saved", "ours/renamed"] {
        assert_eq!(prediction(url(name).as_str()).await.unwrap(), expected, "{name}");
        let entry = store().stat(&url(name)).await.unwrap();
        assert_eq!(JsValue::from(sizes(&entry)), listed(url(name).as_str()).await.unwrap());
    }

    // And back.
    copy("indexeddb://ours/saved", "indexeddb://theirs/two").await.unwrap();
    let loaded = handler("theirs/two").load().await.unwrap();
    loaded.weight_data.unwrap().to_bytes().await.unwrap();
    for name in ["ours/saved", "ours/renamed", "theirs/one", "theirs/two"] {
        remove(url(name).as_str()).await.unwrap();
        let error = handler(name).load().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
    }
    let left: Vec<ModelEntry> = store().list().try_collect().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[wasm_bindgen_test]
async fn tensorflow_js_lists_copies_moves_and_removes_a_large_model_but_cannot_load_it() {
    start(TFJS).await.unwrap();
    save("indexeddb://small").await.unwrap();
    let model = handler("small").load().await.unwrap();
    let due = model.weight_data.as_ref().unwrap().to_bytes().await.unwrap();
    let options = HandlerOptions::new().with_setting("layout", "blobs");
    let options = options.with_shard_bytes(NonZeroU64::new(50).unwrap());
    let large = IndexedDbHandler::new(url("large"), options).unwrap();
    large.save(model).await.unwrap();

    let entry = store().stat(&url("large")).await.unwrap();
    assert_eq!(JsValue::from(sizes(&entry)), listed("indexeddb://large").await.unwrap());
    // With random weights it would predict something.
    prediction("indexeddb://large").await.unwrap_err();
    // It takes along what it does not know.
    copy("indexeddb://large", "indexeddb://copied").await.unwrap();
    store().remove(&url("large")).await.unwrap();
    relocate("indexeddb://copied", "indexeddb://moved").await.unwrap();
    let listed: Vec<ModelEntry> = store().list().try_collect().await.unwrap();
    assert_eq!(listed.len(), 2);
    let moved = handler("moved").load().await.unwrap();
    assert_eq!(moved.weight_data.unwrap().to_bytes().await.unwrap(), due);

    remove("indexeddb://moved").await.unwrap();
    remove("indexeddb://small").await.unwrap();
    assert_eq!(count_pieces().await.unwrap(), JsValue::from(3));
    let listed: Vec<ModelEntry> = store().list().try_collect().await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(count_pieces().await.unwrap(), JsValue::from(0));
}
