//! In a worker there is nothing to click, and the error says so; picked files load there too.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use io_core::{ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelUrl};
use io_downloads::{DownloadsHandler, FilesHandler};
use js_sys::Array;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn a_save_is_refused_by_name() {
    let url = ModelUrl::parse("downloads://m").unwrap();
    // Opening looks at nothing.
    let handler = DownloadsHandler::new(url, HandlerOptions::new()).unwrap();
    let topology = Some(Json::parse("{}").unwrap());
    let artifacts = ModelArtifacts { model_topology: topology, ..ModelArtifacts::default() };
    let error = handler.save(artifacts).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("not available in a worker"), "{error}");
    assert!(error.hint().unwrap().contains("indexeddb://"));
}

#[wasm_bindgen_test]
async fn picked_files_load() {
    let parts: Array =
        [r#"{"modelTopology":{"a":1},"#, r#""weightsManifest":[{"paths":["w"],"weights":[]}]}"#]
            .into_iter()
            .map(wasm_bindgen::JsValue::from)
            .collect();
    let model = File::new_with_str_sequence(&parts, "m.json").unwrap();
    let weights = File::new_with_str_sequence(&Array::new(), "w").unwrap();
    let handler = FilesHandler::new([weights, model], HandlerOptions::new()).unwrap();
    let loaded = handler.load().await.unwrap();
    assert_eq!(loaded.model_topology.unwrap().get(), r#"{"a":1}"#);
    assert!(loaded.weight_data.unwrap().to_bytes().await.unwrap().is_empty());
}
