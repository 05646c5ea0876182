//! The five keys are those of TensorFlow.js, and what others leave in the storage does no harm.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, SystemTime};

use futures::{
    StreamExt,
    future::{join, ready},
};
use io_browser_localstorage::{LocalStorageHandler, LocalStorageStore};
use io_core::{
    DType, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelStore, ModelUrl,
    WeightSpec, Weights,
};
use io_web::{Expected, JsWeights, integrity_of};
use js_sys::Uint8Array;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const TOPOLOGY: &str = r#"{"class_name":"Sequential","config":[{"n":"é文"}],"nul":null}"#;
const SPECS: &str = r#"[{"name":"dense/kernel","shape":[3,1],"dtype":"float32"},{"name":"dense/bias","shape":[1],"dtype":"float32"}]"#;
const DATA: &str = "AAECAwQFBgcICQr6+/z9/g==";
const METADATA: &str = r#""format":"layers-model","generatedBy":"TensorFlow.js tfjs-layers v4.22.0","convertedBy":null,"userDefinedMetadata":{"a":1},"modelInitializer":{},"trainingConfig":{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}"#;

/// The model of the golden keys.
fn golden() -> ModelArtifacts {
    let json = |text| Some(Json::parse(text).unwrap());
    ModelArtifacts {
        model_topology: json(TOPOLOGY),
        format: Some("layers-model".into()),
        generated_by: Some("TensorFlow.js tfjs-layers v4.22.0".into()),
        converted_by: json("null"),
        weight_specs: Some(Json::parse(SPECS).unwrap().read().unwrap()),
        weight_data: Some(
            vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe].into(),
        ),
        user_defined_metadata: json(r#"{"a":1}"#),
        model_initializer: json("{}"),
        training_config: json(
            r#"{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}"#,
        ),
        ..ModelArtifacts::default()
    }
}

fn handler(name: &str) -> LocalStorageHandler {
    let url = ModelUrl::new("localstorage", name).unwrap();
    LocalStorageHandler::new(url, HandlerOptions::new()).unwrap()
}

fn store(root: &str) -> LocalStorageStore {
    let url = ModelUrl::new("localstorage", root).unwrap();
    LocalStorageStore::new(url, HandlerOptions::new()).unwrap()
}

fn storage() -> web_sys::Storage {
    io_web::global().local_storage().unwrap()
}

fn value(name: &str, suffix: &str) -> String {
    storage().get_item(&format!("tensorflowjs_models/{name}/{suffix}")).unwrap().unwrap()
}

fn set(name: &str, suffix: &str, text: &str) {
    storage().set_item(&format!("tensorflowjs_models/{name}/{suffix}"), text).unwrap();
}

/// A model of so many bytes, all of them `byte`.
fn weighing(bytes: usize, byte: u8) -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse("{}").unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [bytes as u64], DType::Bool)]),
        weight_data: Some(vec![byte; bytes].into()),
        ..ModelArtifacts::default()
    }
}

#[wasm_bindgen_test]
async fn writes_the_golden_keys() {
    handler("foo/Bar").save(golden()).await.unwrap();
    let info = value("foo/Bar", "info");
    let date = info.strip_prefix(r#"{"dateSaved":""#).unwrap().split('"').next().unwrap();
    assert_eq!(date.len(), 24);
    assert_eq!(
        info,
        format!(
            r#"{{"dateSaved":"{date}","modelTopologyType":"JSON","modelTopologyBytes":63,"weightSpecsBytes":109,"weightDataBytes":16}}"#
        )
    );
    assert_eq!(value("foo/Bar", "model_topology"), TOPOLOGY);
    assert_eq!(value("foo/Bar", "weight_specs"), SPECS);
    assert_eq!(value("foo/Bar", "weight_data"), DATA);
    // TensorFlow.js passes over the one key that is ours.
    let metadata = value("foo/Bar", "model_metadata");
    let integrity = metadata.strip_prefix(&format!("{{{METADATA},")).unwrap();
    assert!(integrity.starts_with(r#""weightIntegrity":{"bytes":16,"crc64nvme":""#), "{metadata}");
    store("foo/Bar").remove(&ModelUrl::new("localstorage", "foo/Bar").unwrap()).await.unwrap();
}

#[wasm_bindgen_test]
async fn reads_what_tensorflow_js_writes() {
    set(
        "tf",
        "info",
        r#"{"dateSaved":"2026-11-22T18:18:01.654Z","modelTopologyType":"JSON","modelTopologyBytes":63,"weightSpecsBytes":109,"weightDataBytes":16}"#,
    );
    set("tf", "model_topology", TOPOLOGY);
    set("tf", "weight_specs", SPECS);
    set("tf", "weight_data", DATA);
    set("tf", "model_metadata", &format!("{{{METADATA}}}"));
    let loaded = handler("tf").load().await.unwrap();
    assert_eq!(loaded.model_topology.unwrap().get(), TOPOLOGY);
    assert_eq!(loaded.training_config, golden().training_config);
    assert!(loaded.extra.is_empty() && loaded.signature.is_none());
    let bytes = loaded.weight_data.unwrap().to_bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), golden().weight_data.unwrap().to_bytes().await.unwrap().as_ref());

    // Models of old have no metadata, `atob` takes blanks, and the padding may be missing.
    storage().remove_item("tensorflowjs_models/tf/model_metadata").unwrap();
    set("tf", "weight_data", "AAECAwQF\nBgcICQr6 +/z9/g");
    let loaded = handler("tf").load().await.unwrap();
    assert_eq!((loaded.weight_data_bytes(), loaded.format), (16, None));

    // What TensorFlow.js makes of specs that are not there.
    set("tf", "weight_specs", "undefined");
    set("tf", "weight_data", "");
    let loaded = handler("tf").load().await.unwrap();
    assert!(loaded.weight_specs.is_none() && loaded.weight_data.is_none());

    // Each key that is missing has a name.
    for suffix in ["weight_data", "weight_specs", "model_topology", "info"] {
        storage().remove_item(&format!("tensorflowjs_models/tf/{suffix}")).unwrap();
        assert_eq!(handler("tf").load().await.unwrap_err().kind(), ErrorKind::NotFound, "{suffix}");
    }
}

#[wasm_bindgen_test]
async fn damage_is_noticed_and_stays_in_its_place() {
    handler("damage/good").save(golden()).await.unwrap();
    set("damage/bad", "info", "{not json");
    set("damage/half", "info", &value("damage/good", "info"));
    storage().set_item("tensorflowjs_models/info", "x").unwrap();
    storage().set_item("tensorflowjs_models/", "x").unwrap();

    let listed: Vec<_> = store("damage").list().collect().await;
    let kinds: Vec<_> = listed.iter().map(|entry| entry.as_ref().map_err(|e| e.kind())).collect();
    assert!(matches!(
        kinds.as_slice(),
        [Err(ErrorKind::Corrupt | ErrorKind::NotFound), Ok(_), Err(ErrorKind::NotFound)]
    ));
    let all: Vec<_> = store("").list().collect().await;
    assert_eq!(all.iter().filter(|entry| entry.is_ok()).count(), 1);

    // What a list shows as damaged can be cleared away.
    for name in ["bad", "half"] {
        let name = ModelUrl::new("localstorage", &format!("damage/{name}")).unwrap();
        store("").remove(&name).await.unwrap();
    }
    assert!(store("damage").list().all(|entry| ready(entry.is_ok())).await);

    for (suffix, text) in [
        ("weight_data", "AAECAwQFBgcICQr6+/z9/Q=="),
        ("weight_data", "AAEC"),
        ("weight_data", "%%%"),
        ("weight_specs", r#"{"name":1}"#),
        ("model_topology", "{"),
        ("model_metadata", "[]"),
        ("info", "1"),
    ] {
        handler("damage/good").save(golden()).await.unwrap();
        set("damage/good", suffix, text);
        let error = handler("damage/good").load().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{suffix} {text}: {error:?}");
    }
    storage().clear().unwrap();
}

#[wasm_bindgen_test]
async fn damaged_weights_get_no_new_checksum() {
    let due = Uint8Array::new_with_length(100).fill(7, 0, 100);
    let url = ModelUrl::new("opfs", "source").unwrap();
    let expected = Expected { url, file: None, integrity: integrity_of(&due).unwrap() };
    let found = JsWeights::from(Uint8Array::new_with_length(100)).expecting(expected);
    let mut damaged = weighing(100, 0);
    damaged.weight_data = Some(Weights::from_source(found));
    let error = handler("copy").save(damaged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("opfs://source"), "{error}");
    assert_eq!(storage().length().unwrap(), 0);
}

#[wasm_bindgen_test]
async fn a_list_waits_for_keys_that_are_on_their_way_from_another_tab() {
    handler("late").save(golden()).await.unwrap();
    let specs = value("late", "weight_specs");
    storage().remove_item("tensorflowjs_models/late/weight_specs").unwrap();
    let arrival = async {
        io_web::sleep(Duration::from_millis(100)).await.unwrap();
        set("late", "weight_specs", &specs);
    };
    let (listed, ()) = join(store("late").list().collect::<Vec<_>>(), arrival).await;
    assert!(matches!(listed.as_slice(), [Ok(_)]), "{listed:?}");
    storage().clear().unwrap();
}

#[wasm_bindgen_test]
async fn a_save_without_room_leaves_the_old_model() {
    handler("quota").save(weighing(1_000, 7)).await.unwrap();
    // All but the room for a second one of these.
    let mut filler = 5_000_000_usize;
    while filler > 0 && storage().set_item("filler", &"x".repeat(filler)).is_err() {
        filler -= 100_000;
    }
    assert!(filler > 3_000_000, "room for {filler}");
    let error = handler("quota").save(weighing(600_000, 8)).await.unwrap_err();
    let ErrorKind::QuotaExceeded { needed: Some(needed), available: Some(available) } =
        error.kind()
    else {
        panic!("{error:?}");
    };
    assert!((1_600_000..1_610_000).contains(&needed), "{needed}");
    assert!(available < needed, "{available} of {needed}");
    assert!(error.hint().unwrap().contains("indexeddb://"));
    let old = handler("quota").load().await.unwrap().weight_data.unwrap();
    assert_eq!(old.to_bytes().await.unwrap().as_ref(), vec![7; 1_000]);
    // A first save that fails leaves no key.
    handler("quota2").save(weighing(600_000, 8)).await.unwrap_err();
    let keys = storage().length().unwrap();
    assert_eq!(keys, 6, "five of the old model and the filler");
    storage().clear().unwrap();
}

#[wasm_bindgen_test]
async fn a_topology_may_take_most_of_the_room() {
    let node = r#"{"name":"n","op":"Const"}"#;
    let topology = format!(
        r#"{{"node":[{node}{}]}}"#,
        format!(",{node}").repeat(4_000_000 / (node.len() + 1))
    );
    let large = || ModelArtifacts {
        model_topology: Some(Json::parse(&topology).unwrap()),
        ..weighing(1_000, 7)
    };
    handler("large").save(large()).await.unwrap();
    let loaded = handler("large").load().await.unwrap();
    assert_eq!(loaded.model_topology.unwrap().get(), topology);
    assert_eq!(storage().length().unwrap(), 5);
    // It is replaced by what fits beside it, and by no more.
    let refused = handler("large").save(large()).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::QuotaExceeded { .. }), "{refused:?}");
    assert!(refused.hint().unwrap().contains("remove the model of this name first"));
    assert!(handler("large").load().await.is_ok());
    handler("large").save(weighing(1_000, 8)).await.unwrap();
    handler("large").save(large()).await.unwrap_err();
    let old = handler("large").load().await.unwrap().weight_data.unwrap();
    assert_eq!(old.to_bytes().await.unwrap().as_ref(), vec![8; 1_000]);
    storage().clear().unwrap();
}

#[wasm_bindgen_test]
async fn names_and_dates() {
    let before = SystemTime::UNIX_EPOCH;
    handler("a b/é?x=1#y").save(golden()).await.unwrap();
    let listed: Vec<_> = store("a b").list().collect().await;
    let entry = listed.into_iter().next().unwrap().unwrap();
    assert_eq!(entry.url.as_str(), "localstorage://a b/é?x=1#y");
    assert!(entry.info.date_saved > before);
    let empty = ModelUrl::parse("localstorage://").unwrap();
    let refused = LocalStorageHandler::new(empty, HandlerOptions::new()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidUrl);
    storage().clear().unwrap();
}
