//! Real TensorFlow.js and this crate read, list, copy and remove each other's models in a page.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::num::NonZeroU64;

use futures::TryStreamExt;
use modelport::{ErrorKind, HandlerOptions, Json, ModelEntry, ModelUrl};
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

#[wasm_bindgen_test]
async fn each_reads_lists_copies_and_removes_the_models_of_the_other_in_local_storage() {
    each_reads_the_other("localstorage").await;
}

#[wasm_bindgen_test]
async fn each_reads_lists_copies_and_removes_the_models_of_the_other_in_indexeddb() {
    each_reads_the_other("indexeddb").await;
}

async fn each_reads_the_other(scheme: &str) {
    let url = |name: &str| ModelUrl::new(scheme, name).unwrap();
    let store = modelport::store(url("")).unwrap();
    start(TFJS).await.unwrap();
    let expected = save(url("theirs/one").as_str()).await.unwrap();

    // Theirs, by us.
    let entries: Vec<ModelEntry> = store.list().try_collect().await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(entry.url, url("theirs/one"));
    assert_eq!(JsValue::from(sizes(entry)), listed(entry.url.as_str()).await.unwrap());
    let loaded = modelport::load(&entry.url).await.unwrap();
    let metadata = loaded.user_defined_metadata.clone().unwrap();
    assert_eq!(metadata.get(), r#"{"by":"hand","ratio":1.5}"#);
    assert_eq!(loaded.info().unwrap().weight_data_bytes, entry.info.weight_data_bytes);

    // Ours, by them.
    modelport::save(url("ours/saved"), loaded).await.unwrap();
    store.copy(&url("theirs/one"), &url("ours/copied")).await.unwrap();
    store.rename(&url("ours/copied"), &url("ours/renamed")).await.unwrap();
    for url in ["ours/saved", "ours/renamed"].map(url) {
        assert_eq!(prediction(url.as_str()).await.unwrap(), expected, "{url}");
        let entry = store.stat(&url).await.unwrap();
        assert_eq!(JsValue::from(sizes(&entry)), listed(url.as_str()).await.unwrap());
    }

    // And back.
    copy(url("ours/saved").as_str(), url("theirs/two").as_str()).await.unwrap();
    let loaded = modelport::load(url("theirs/two")).await.unwrap();
    loaded.weight_data.unwrap().to_bytes().await.unwrap();
    for url in ["ours/saved", "ours/renamed", "theirs/one", "theirs/two"].map(url) {
        remove(url.as_str()).await.unwrap();
        let error = modelport::load(&url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{url}");
    }
    let left: Vec<ModelEntry> = store.list().try_collect().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[wasm_bindgen_test]
async fn tensorflow_js_lists_copies_moves_and_removes_a_large_model_but_cannot_load_it() {
    let url = |name: &str| ModelUrl::new("indexeddb", name).unwrap();
    let store = modelport::store(url("")).unwrap();
    start(TFJS).await.unwrap();
    save("indexeddb://small").await.unwrap();
    let model = modelport::load("indexeddb://small").await.unwrap();
    let due = model.weight_data.as_ref().unwrap().to_bytes().await.unwrap();
    let options = HandlerOptions::new().with_setting("layout", "blobs");
    let options = options.with_shard_bytes(NonZeroU64::new(50).unwrap());
    modelport::save_with("indexeddb://large", model, &options).await.unwrap();

    let entry = store.stat(&url("large")).await.unwrap();
    assert_eq!(JsValue::from(sizes(&entry)), listed("indexeddb://large").await.unwrap());
    // With random weights it would predict something.
    prediction("indexeddb://large").await.unwrap_err();
    // It takes along what it does not know.
    copy("indexeddb://large", "indexeddb://copied").await.unwrap();
    store.remove(&url("large")).await.unwrap();
    relocate("indexeddb://copied", "indexeddb://moved").await.unwrap();
    let listed: Vec<ModelEntry> = store.list().try_collect().await.unwrap();
    assert_eq!(listed.len(), 2);
    let moved = modelport::load("indexeddb://moved").await.unwrap();
    assert_eq!(moved.weight_data.unwrap().to_bytes().await.unwrap(), due);

    remove("indexeddb://moved").await.unwrap();
    remove("indexeddb://small").await.unwrap();
    assert_eq!(count_pieces().await.unwrap(), JsValue::from(3));
    let listed: Vec<ModelEntry> = store.list().try_collect().await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(count_pieces().await.unwrap(), JsValue::from(0));
}

/// Sizes as TensorFlow.js lists them.
fn sizes(entry: &ModelEntry) -> String {
    let info = Json::new(&entry.info).unwrap();
    let (_, sizes) = info.get().split_once(',').unwrap();
    format!("{{{sizes}")
}
