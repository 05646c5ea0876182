//! The records are those of TensorFlow.js, and a save is told when it is stored and not before.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use futures::{StreamExt, future::join};
use io_browser_indexeddb::{IndexedDbHandler, IndexedDbStore};
use io_core::{
    DType, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelStore, ModelUrl,
    WeightSpec,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/raw.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn describe(path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn put(store: &str, record: &str, bytes: Option<Vec<u8>>) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn rename_layer(path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn remove_database() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn hold() -> Result<JsValue, JsValue>;
    fn let_go();
    fn undo_late();
    fn full();
    fn leave(bytes: f64);
    fn as_before();
}

fn url(name: &str) -> ModelUrl {
    ModelUrl::new("indexeddb", name).unwrap()
}

fn handler(name: &str) -> IndexedDbHandler {
    IndexedDbHandler::new(url(name), HandlerOptions::new()).unwrap()
}

fn store(root: &str) -> IndexedDbStore {
    IndexedDbStore::new(url(root), HandlerOptions::new()).unwrap()
}

fn model(bytes: &[u8]) -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"rate":1.0,"n":"é"}"#).unwrap()),
        format: Some("layers-model".into()),
        converted_by: Some(Json::parse("null").unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [bytes.len() as u64], DType::Bool)]),
        weight_data: Some(bytes.to_vec().into()),
        ..ModelArtifacts::default()
    }
}

async fn bytes_of(name: &str) -> Vec<u8> {
    let loaded = handler(name).load().await.unwrap();
    loaded.weight_data.unwrap().to_bytes().await.unwrap().to_vec()
}

#[wasm_bindgen_test]
async fn writes_the_records_of_tensorflow_js() {
    handler("foo/Bar").save(model(&[1, 2, 3])).await.unwrap();
    let found = describe("foo/Bar").await.unwrap().as_string().unwrap();
    assert_eq!(
        found,
        concat!(
            r#"{"version":1,"stores":["model_info_store","models_store"],"keyPath":"modelPath","#,
            r#""autoIncrement":false,"indexes":0,"#,
            r#""keys":["modelPath","modelArtifacts","modelArtifactsInfo","modelportJson"],"#,
            r#""parts":{"modelTopology":{"rate":1,"n":"é"},"format":"layers-model","#,
            r#""convertedBy":null,"weightSpecs":[{"name":"w","shape":[3],"dtype":"bool"}]},"#,
            r#""data":["ArrayBuffer",1,2,3],"dates":[true,true],"#,
            r#""info":{"dateSaved":0,"modelTopologyType":"JSON","modelTopologyBytes":19,"#,
            r#""weightSpecsBytes":41,"weightDataBytes":3}}"#
        )
    );
}

#[wasm_bindgen_test]
async fn reads_the_records_of_tensorflow_js() {
    let info = r#"{"dateSaved":"2026-11-22T18:18:01.654Z","modelTopologyType":"JSON","modelTopologyBytes":9,"weightSpecsBytes":9,"weightDataBytes":2}"#;
    let parts = r#"{"modelTopology":{"b":1,"a":2},"format":"layers-model","convertedBy":null,"weightSpecs":[{"name":"w","shape":[2],"dtype":"bool"}],"more":[1]}"#;
    let record =
        format!(r#"{{"modelPath":"tf/js","modelArtifacts":{parts},"modelArtifactsInfo":{info}}}"#);
    put("models_store", &record, Some(vec![8, 9])).await.unwrap();
    let entry = format!(r#"{{"modelPath":"tf/js","modelArtifactsInfo":{info}}}"#);
    put("model_info_store", &entry, None).await.unwrap();

    let loaded = handler("tf/js").load().await.unwrap();
    assert_eq!(loaded.model_topology.as_ref().unwrap().get(), r#"{"b":1,"a":2}"#);
    assert!(loaded.converted_by.unwrap().is_null() && loaded.signature.is_none());
    assert_eq!(loaded.extra, [("more".to_owned(), Json::parse("[1]").unwrap())]);
    assert_eq!(bytes_of("tf/js").await, [8, 9]);
    let found = store("tf").stat(&url("tf/js")).await.unwrap();
    assert_eq!(Json::new(&found.info).unwrap().get(), info);

    // An entry without its model, as a save of TensorFlow.js leaves it that was cut short.
    let phantom = entry.replace("tf/js", "tf/phantom");
    put("model_info_store", &phantom, None).await.unwrap();
    put("model_info_store", r#"{"modelPath":"tf/odd"}"#, None).await.unwrap();
    put("models_store", r#"{"modelPath":"tf/odd","modelArtifacts":7}"#, None).await.unwrap();
    let listed: Vec<_> = store("tf").list().collect().await;
    let kinds: Vec<_> = listed.iter().map(|entry| entry.as_ref().map_err(|e| e.kind())).collect();
    assert!(
        matches!(kinds.as_slice(), [Ok(_), Err(ErrorKind::Corrupt), Err(ErrorKind::NotFound)]),
        "{listed:?}"
    );
    assert_eq!(handler("tf/odd").load().await.unwrap_err().kind(), ErrorKind::Corrupt);
    // What a list shows as damaged can be cleared away.
    for name in ["tf/phantom", "tf/odd"] {
        let removed = store("").remove(&url(name)).await.unwrap();
        assert_eq!(removed.info.weight_data_bytes, if name == "tf/odd" { 0 } else { 2 });
    }
    assert_eq!(store("tf").list().count().await, 1);
}

#[wasm_bindgen_test]
async fn our_text_counts_only_while_it_is_true() {
    handler("text").save(model(&[1])).await.unwrap();
    let topology = handler("text").load().await.unwrap().model_topology.unwrap();
    assert_eq!(topology.get(), r#"{"rate":1.0,"n":"é"}"#);
    rename_layer("text").await.unwrap();
    let topology = handler("text").load().await.unwrap().model_topology.unwrap();
    assert_eq!(topology.get(), r#"{"rate":1,"n":"é","renamed":true}"#);
}

#[wasm_bindgen_test]
async fn a_save_that_is_undone_or_has_no_room_is_an_error_and_changes_nothing() {
    handler("kept").save(model(&[5, 5])).await.unwrap();

    undo_late();
    let late = handler("kept").save(model(&[6, 6])).await;
    let first = handler("never").save(model(&[6, 6])).await;
    full();
    let no_room = handler("kept").save(model(&[6, 6])).await;
    as_before();
    leave(1.0);
    let early = handler("kept").save(model(&[6, 6])).await;
    as_before();

    assert_eq!(late.unwrap_err().kind(), ErrorKind::Cancelled);
    first.unwrap_err();
    let error = no_room.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::QuotaExceeded { needed: Some(_), .. }), "{error:?}");
    let error = early.unwrap_err();
    let left = ErrorKind::QuotaExceeded { needed: Some(2 + 19 + 41), available: Some(1) };
    assert_eq!(error.kind(), left);

    assert_eq!(bytes_of("kept").await, [5, 5]);
    assert_eq!(store("never").list().count().await, 0);
    assert_eq!(handler("never").load().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[wasm_bindgen_test]
async fn stands_in_nobodys_way() {
    handler("gone").save(model(&[1])).await.unwrap();
    let loaded = handler("gone").load().await.unwrap();
    // Given up while the database is being opened.
    drop(futures::poll!(handler("gone").load()));
    assert_eq!(remove_database().await.unwrap(), JsValue::FALSE);
    assert_eq!(handler("gone").load().await.unwrap_err().kind(), ErrorKind::NotFound);
    // What was loaded is here all the same.
    assert_eq!(loaded.weight_data.unwrap().to_bytes().await.unwrap().as_ref(), [1]);
}

#[wasm_bindgen_test]
async fn who_is_kept_from_the_database_waits_and_is_told_so() {
    handler("held").save(model(&[1])).await.unwrap();
    hold().await.unwrap();
    let released = async {
        io_web::sleep(Duration::from_millis(300)).await.unwrap();
        let_go();
    };
    let (loaded, ()) = join(handler("held").load(), released).await;
    assert_eq!(loaded.unwrap_err().kind(), ErrorKind::NotFound, "it was removed meanwhile");

    hold().await.unwrap();
    let listing = store("").list().collect::<Vec<_>>();
    let (saved, listed) = join(handler("held").save(model(&[2])), listing).await;
    let_go();
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Conflict);
    let listed = listed.into_iter().map(|entry| entry.unwrap_err().kind());
    assert_eq!(listed.collect::<Vec<_>>(), [ErrorKind::Conflict]);
    handler("held").save(model(&[3])).await.unwrap();
    assert_eq!(bytes_of("held").await, [3]);
}
