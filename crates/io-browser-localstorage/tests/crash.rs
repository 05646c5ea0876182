//! A tab that dies at any moment, and calls that fail, leave the old model or the new one.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use io_browser_localstorage::{LocalStorageHandler, LocalStorageStore};
use io_core::{
    DType, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelStore, ModelUrl,
    Result, WeightSpec,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
const { setItem, removeItem } = Storage.prototype;

/** From the `left`-th changing call on nothing happens, as in a tab that is dead; or that one throws. */
export function breakAt(left, throws) {
  const broken = (call) => function (...args) {
    left -= 1;
    if (left > 0 || (throws && left < 0)) return call.apply(this, args);
    if (throws) throw new DOMException("test", "QuotaExceededError");
  };
  Storage.prototype.setItem = broken(setItem);
  Storage.prototype.removeItem = throws ? removeItem : broken(removeItem);
}

export function mend() {
  Object.assign(Storage.prototype, { setItem, removeItem });
}
"#)]
extern "C" {
    #[wasm_bindgen(js_name = breakAt)]
    fn break_at(call: u32, throws: bool);
    fn mend();
}

/// More changing calls than any operation makes.
const CALLS: u32 = 16;

#[derive(Clone, Copy, Debug)]
enum Step {
    Save(u8),
    Remove,
}

#[wasm_bindgen_test]
async fn a_tab_that_dies_in_a_save_over_an_old_model() {
    assert_eq!(die_everywhere(Some(1), Step::Save(2)).await, [Some(1), Some(2)].into());
}

#[wasm_bindgen_test]
async fn a_tab_that_dies_in_a_first_save() {
    assert_eq!(die_everywhere(None, Step::Save(2)).await, [None, Some(2)].into());
}

#[wasm_bindgen_test]
async fn a_tab_that_dies_in_a_removal() {
    assert_eq!(die_everywhere(Some(1), Step::Remove).await, [None, Some(1)].into());
}

#[wasm_bindgen_test]
async fn a_key_that_cannot_be_set_leaves_the_old_model() {
    let mut outcomes = BTreeSet::new();
    for call in 1..=CALLS {
        set_up(Some(1)).await;
        break_at(call, true);
        let saved = run(Step::Save(2)).await;
        mend();
        // All keys that are set after the weights have had their room kept.
        if call <= 3 {
            let error = saved.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::QuotaExceeded { .. }), "{error:?}");
            assert_eq!((found().await, keys()), (Some(1), 5), "call {call}");
        }
        outcomes.insert(found().await);
    }
    assert_eq!(outcomes, [Some(1), Some(2)].into());
}

#[wasm_bindgen_test]
async fn what_others_did_since_is_not_undone() {
    set_up(Some(1)).await;
    // The weights are set, nothing else.
    break_at(4, false);
    run(Step::Save(2)).await.unwrap();
    mend();
    let info = storage().get_item("tensorflowjs_models/m/info").unwrap().unwrap();
    let theirs = info.replacen("20", "30", 1);
    storage().set_item("tensorflowjs_models/m/info", &theirs).unwrap();
    let topology = store().list().try_collect::<Vec<_>>().await.map(|found| found.len());
    assert_eq!((topology.unwrap(), keys()), (1, 5));
    let info = storage().get_item("tensorflowjs_models/m/info").unwrap();
    assert_eq!(info, Some(theirs));
    // A note that nobody of us wrote does no harm either.
    for note in ["", "{", r#"{"model":"","before":null,"after":null}"#] {
        storage().set_item("modelport/unfinished", note).unwrap();
        store().list().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(keys(), 5, "{note}");
    }
    storage().clear().unwrap();
}

/// Lets the tab die at every changing call of a step in turn; what was found afterwards.
async fn die_everywhere(old: Option<u8>, step: Step) -> BTreeSet<Option<u8>> {
    let mut seen = BTreeSet::new();
    for call in 1..=CALLS {
        set_up(old).await;
        break_at(call, false);
        // A dead tab hears of nothing.
        let _ = run(step).await;
        mend();
        let found = found().await;
        assert_eq!(keys(), if found.is_some() { 5 } else { 0 }, "call {call}");
        seen.insert(found);
        run(Step::Save(3)).await.unwrap();
        assert_eq!(self::found().await, Some(3), "call {call}");
    }
    storage().clear().unwrap();
    seen
}

async fn set_up(old: Option<u8>) {
    storage().clear().unwrap();
    if let Some(old) = old {
        run(Step::Save(old)).await.unwrap();
    }
}

async fn run(step: Step) -> Result<()> {
    match step {
        Step::Save(seed) => handler().save(model(seed)).await.map(drop),
        Step::Remove => store().remove(&url()).await.map(drop),
    }
}

/// The seed of the model that is there, whole.
async fn found() -> Option<u8> {
    let loaded = match handler().load().await {
        Ok(loaded) => loaded,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
            return None;
        }
    };
    let seed: u8 =
        loaded.model_topology.unwrap().read::<BTreeMap<String, Vec<u8>>>().unwrap()["seeds"][0];
    let expected = model(seed);
    assert_eq!(loaded.weight_specs, expected.weight_specs);
    assert_eq!(loaded.format, expected.format);
    let bytes = loaded.weight_data.unwrap().to_bytes().await.unwrap();
    assert_eq!(bytes, expected.weight_data.unwrap().to_bytes().await.unwrap(), "torn: {seed}");
    let stat = store().stat(&url()).await.unwrap();
    assert_eq!(stat.info.weight_data_bytes, bytes.len() as u64);
    Some(seed)
}

/// A model all of whose parts differ from those of another seed.
fn model(seed: u8) -> ModelArtifacts {
    let bytes = 100 + usize::from(seed);
    ModelArtifacts {
        model_topology: Some(Json::new(&BTreeMap::from([("seeds", vec![seed; bytes])])).unwrap()),
        format: Some(Json::new(&format!("format-{seed}")).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [bytes as u64], DType::Bool)]),
        weight_data: Some(vec![seed; bytes].into()),
        ..ModelArtifacts::default()
    }
}

fn url() -> ModelUrl {
    ModelUrl::new("localstorage", "m").unwrap()
}

fn handler() -> LocalStorageHandler {
    LocalStorageHandler::new(url(), HandlerOptions::new()).unwrap()
}

fn store() -> LocalStorageStore {
    let root = ModelUrl::new("localstorage", "").unwrap();
    LocalStorageStore::new(root, HandlerOptions::new()).unwrap()
}

fn storage() -> web_sys::Storage {
    io_web::global().local_storage().unwrap()
}

fn keys() -> u32 {
    storage().length().unwrap()
}
