//! In a worker there is no local storage, and the error says so.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use futures::StreamExt;
use io_browser_localstorage::{LocalStorageHandler, LocalStorageStore};
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelStore, ModelUrl};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn every_operation_is_refused_by_name() {
    let url = ModelUrl::parse("localstorage://m").unwrap();
    let options = HandlerOptions::new();
    // Opening looks at nothing.
    let handler = LocalStorageHandler::new(url.clone(), options.clone()).unwrap();
    let store = LocalStorageStore::new(url.clone(), options).unwrap();
    let errors = [
        handler.load().await.unwrap_err(),
        handler.save(ModelArtifacts::default()).await.unwrap_err(),
        store.stat(&url).await.unwrap_err(),
        store.remove(&url).await.unwrap_err(),
        store.copy(&url, &url).await.unwrap_err(),
        store.list().next().await.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("not available in a worker"), "{error}");
        assert!(error.hint().unwrap().contains("indexeddb://"));
    }
}
