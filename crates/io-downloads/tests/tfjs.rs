//! Real TensorFlow.js and this crate load each other's downloads.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod page;

use std::num::NonZeroU64;

use io_core::{HandlerOptions, IOHandler, ModelUrl};
use io_downloads::{DownloadsHandler, FilesHandler};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

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
    async fn prediction(files: Vec<File>) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen_test]
async fn each_loads_the_downloads_of_the_other() {
    // First of all, so that TensorFlow.js finds the page watched.
    page::clicked();
    start(TFJS).await.unwrap();
    let expected = save("downloads://theirs").await.unwrap();
    // It clicks the model file first.
    let mut files = page::files("theirs");
    files.extend(page::rest());
    let picked = FilesHandler::new(files, HandlerOptions::new()).unwrap();
    let loaded = picked.load().await.unwrap();
    assert_eq!(
        loaded.user_defined_metadata.as_ref().unwrap().get(),
        r#"{"by":"hand","ratio":1.5}"#
    );

    for (name, shard_bytes) in [("ours", None), ("ours-cut", NonZeroU64::new(50))] {
        let mut options = HandlerOptions::new();
        options.shard_bytes = shard_bytes;
        let url = ModelUrl::new("downloads", name).unwrap();
        let handler = DownloadsHandler::new(url, options).unwrap();
        handler.save(loaded.clone()).await.unwrap();
        let files = page::files(name);
        assert_eq!(files.len(), if shard_bytes.is_some() { 4 } else { 2 });
        assert_eq!(prediction(files).await.unwrap(), expected, "{name}");
    }
}
