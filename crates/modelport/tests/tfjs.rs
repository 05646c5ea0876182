//! Real TensorFlow.js and this crate read, list, copy and remove each other's models in a page.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use futures::TryStreamExt;
use modelport::{ErrorKind, Json, ModelEntry, ModelUrl};
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

/// Sizes as TensorFlow.js lists them.
fn sizes(entry: &ModelEntry) -> String {
    let info = Json::new(&entry.info).unwrap();
    let (_, sizes) = info.get().split_once(',').unwrap();
    format!("{{{sizes}")
}
