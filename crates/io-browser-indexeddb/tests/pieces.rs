//! Large models in pieces, and weights that stay in JavaScript.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::{num::NonZeroU64, ops::Range, time::Duration};

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    future::{Either, select},
    stream,
};
use io_browser_indexeddb::{IndexedDbHandler, IndexedDbStore};
use io_core::{
    DType, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelEntry, ModelStore, ModelUrl,
    WeightSource, WeightSpec, WeightStream, Weights, WriteMode,
};
use io_web::{Expected, JsPiece, JsWeights, LockMode, integrity_of, lock, sleep};
use js_sys::{ArrayBuffer, Object, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/raw.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn pieces() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn put_piece(id: &str, index: u32, value: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn change_last_piece(value: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn pointers(path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn point(path: &str, pointer: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn cut(path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn remove_records(path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn usurp() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn restore() -> Result<JsValue, JsValue>;
    fn full_after(count: u32);
    fn leave(bytes: f64);
    fn as_before();
}

fn url(name: &str) -> ModelUrl {
    ModelUrl::new("indexeddb", name).unwrap()
}

/// Pieces of four bytes.
fn in_pieces() -> HandlerOptions {
    let options = HandlerOptions::new().with_setting("layout", "blobs");
    options.with_shard_bytes(NonZeroU64::new(4).unwrap())
}

fn large(name: &str) -> IndexedDbHandler {
    IndexedDbHandler::new(url(name), in_pieces()).unwrap()
}

fn plain(name: &str) -> IndexedDbHandler {
    IndexedDbHandler::new(url(name), HandlerOptions::new()).unwrap()
}

fn store() -> IndexedDbStore {
    IndexedDbStore::new(url(""), HandlerOptions::new()).unwrap()
}

fn model(weights: impl Into<Weights>) -> ModelArtifacts {
    let weights = weights.into();
    ModelArtifacts {
        weight_specs: Some(vec![WeightSpec::new("w", [weights.byte_length()], DType::Bool)]),
        weight_data: Some(weights),
        ..ModelArtifacts::default()
    }
}

fn buffer(bytes: &[u8]) -> ArrayBuffer {
    Uint8Array::from(bytes).buffer()
}

fn here(pieces: impl IntoIterator<Item = JsPiece>) -> Weights {
    Weights::from_source(JsWeights::new(pieces))
}

async fn bytes_of(name: &str) -> Vec<u8> {
    let loaded = plain(name).load().await.unwrap();
    loaded.weight_data.unwrap().to_bytes().await.unwrap().to_vec()
}

/// Removes all models; no pieces are left.
async fn clear() {
    let entries: Vec<ModelEntry> = store().list().try_collect().await.unwrap();
    for entry in entries {
        store().remove(&entry.url).await.unwrap();
    }
    assert_eq!(pieces().await.unwrap(), "[]");
}

#[wasm_bindgen_test]
async fn weights_are_pieces_that_the_records_name() {
    let bytes: Vec<u8> = (0..10).collect();
    let parts = [&bytes[..3], &bytes[3..9], &bytes[9..]].map(Bytes::copy_from_slice);
    large("one").save(model(Weights::from_parts(parts))).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[[4,4,2]]");
    assert_eq!(pointers("one").await.unwrap(), r#"[{"count":3},true,0]"#);
    assert_eq!(bytes_of("one").await, bytes);

    // From JavaScript, in parts that do not fit the pieces.
    let parts = [
        JsPiece::Buffer(buffer(&bytes[..6])),
        JsPiece::Array(Uint8Array::from(&bytes[..]).subarray(6, 10)),
    ];
    large("two").save(model(here(parts))).await.unwrap();
    assert_eq!(bytes_of("two").await, bytes);
    let entry = store().stat(&url("two")).await.unwrap();
    assert_eq!(entry.info.weight_data_bytes, 10);
    assert_eq!(store().list().count().await, 2);

    let create = in_pieces().with_write_mode(WriteMode::Create);
    let create = IndexedDbHandler::new(url("two"), create).unwrap();
    let refused = create.save(model(bytes.clone())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    // A model without weights has no pieces.
    large("two").save(model(Vec::new())).await.unwrap();
    assert!(bytes_of("two").await.is_empty());
    assert_eq!(pieces().await.unwrap(), "[[4,4,2]]");
    clear().await;
}

#[wasm_bindgen_test]
async fn what_lives_in_javascript_goes_and_comes_as_it_is() {
    let due = buffer(&[1, 2, 3]);
    plain("js").save(model(here([JsPiece::Buffer(due.clone())]))).await.unwrap();
    let loaded = plain("js").load().await.unwrap().weight_data.unwrap();
    let [JsPiece::Buffer(found)] = loaded.source_as::<JsWeights>().unwrap().pieces() else {
        panic!("{loaded:?}")
    };
    assert_eq!(Uint8Array::new(found).to_vec(), [1, 2, 3]);
    // The caller's is still the caller's.
    assert_eq!(due.byte_length(), 3);
    // Twice the same object: nothing is copied.
    let again = loaded.source_as::<JsWeights>().unwrap().to_array_buffer().await.unwrap();
    assert!(Object::is(&again, found));

    let parts = [buffer(&[1]), buffer(&[2, 3, 4])].map(JsPiece::Buffer);
    plain("js").save(model(here(parts))).await.unwrap();
    assert_eq!(bytes_of("js").await, [1, 2, 3, 4]);
    cut("js").await.unwrap();
    let loaded = plain("js").load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.source_as::<JsWeights>().unwrap().pieces().len(), 2);
    assert_eq!(bytes_of("js").await, [1, 2, 3, 4]);
    clear().await;
}

#[wasm_bindgen_test]
async fn damaged_weights_are_not_stored_in_either_layout() {
    let integrity = integrity_of(&Uint8Array::from(&[1, 2, 3][..])).unwrap();
    let expected = Expected { url: url("source"), file: None, integrity };
    for to in [plain("copy"), large("copy")] {
        let damaged = JsWeights::from(buffer(&[1, 2, 4])).expecting(expected.clone());
        let refused = to.save(model(Weights::from_source(damaged))).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupt);
        assert!(refused.to_string().contains("source"), "{refused}");
        assert_eq!(to.load().await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    clear().await;
}

#[wasm_bindgen_test]
async fn pieces_live_as_long_as_a_model_has_them() {
    large("a").save(model(vec![1; 5])).await.unwrap();
    large("a").save(model(vec![2; 9])).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[[4,4,1]]");
    store().copy(&url("a"), &url("b")).await.unwrap();
    store().rename(&url("a"), &url("c")).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[[4,4,1]]");
    store().remove(&url("c")).await.unwrap();
    assert_eq!(bytes_of("b").await, [2; 9]);
    // Over a model in pieces goes one in a record, by a save or by a name.
    large("d").save(model(vec![3; 4])).await.unwrap();
    plain("b").save(model(vec![4; 2])).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[[4]]");
    store().rename(&url("b"), &url("d")).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[]");
    assert_eq!(bytes_of("d").await, [4; 2]);
    clear().await;
}

#[wasm_bindgen_test]
async fn pieces_of_nobody_are_removed_but_not_those_of_a_save_under_way() {
    let blob = js_sys::eval("new Blob(['x'])").unwrap();
    large("kept").save(model(vec![1; 4])).await.unwrap();
    large("lost").save(model(vec![2; 8])).await.unwrap();
    remove_records("lost").await.unwrap();
    put_piece("dead", 0, &blob).await.unwrap();
    put_piece("busy", 0, &blob).await.unwrap();
    let saving = lock("modelport/indexeddb/busy", LockMode::Exclusive).await.unwrap();
    assert_eq!(store().list().count().await, 1);
    let mut left: Vec<Vec<u32>> = parsed(&pieces().await.unwrap());
    left.sort();
    assert_eq!(left, [[1], [4]]);
    drop(saving);
    sleep(Duration::from_millis(50)).await.unwrap();
    assert_eq!(store().list().count().await, 1);
    assert_eq!(pieces().await.unwrap(), "[[4]]");
    assert_eq!(bytes_of("kept").await, [1; 4]);
    clear().await;
}

fn parsed(text: &JsValue) -> Vec<Vec<u32>> {
    let all = js_sys::JSON::parse(&text.as_string().unwrap()).unwrap();
    js_sys::Array::from(&all).iter().map(|one| js_sys::Uint32Array::new(&one).to_vec()).collect()
}

/// Gives so many bytes, and then nothing for ever.
#[derive(Debug)]
struct Stuck(u64);

impl WeightSource for Stuck {
    fn byte_length(&self) -> u64 {
        100
    }

    fn stream(&self, _: Range<u64>) -> WeightStream {
        let some = stream::iter(0..self.0).map(|_| Ok(Bytes::from_static(&[9])));
        Box::pin(some.chain(stream::pending()))
    }
}

#[wasm_bindgen_test]
async fn a_save_that_fails_or_is_given_up_leaves_the_old_model_and_no_pieces() {
    large("old").save(model(vec![1; 6])).await.unwrap();
    full_after(2);
    let failed = large("old").save(model(vec![2; 20])).await;
    as_before();
    let kind = failed.unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::QuotaExceeded { needed: Some(_), .. }), "{kind:?}");
    leave(5.0);
    let early = large("old").save(model(vec![2; 20])).await;
    as_before();
    let kind = early.unwrap_err().kind();
    let due = matches!(kind, ErrorKind::QuotaExceeded { available: Some(5), .. });
    assert!(due, "{kind:?}");

    let handler = large("old");
    let saving = Box::pin(handler.save(model(Weights::from_source(Stuck(13)))));
    let given_up = Box::pin(sleep(Duration::from_millis(400)));
    let Either::Left((_, saving)) = select(given_up, saving).await else {
        panic!("a save without all of its weights")
    };
    assert_eq!(parsed(&pieces().await.unwrap()).len(), 2);
    drop(saving);
    // It is cleared away by itself.
    let mut left = 2;
    for _ in 0..40 {
        sleep(Duration::from_millis(50)).await.unwrap();
        left = parsed(&pieces().await.unwrap()).len();
        if left == 1 {
            break;
        }
    }
    assert_eq!(left, 1);
    assert_eq!(bytes_of("old").await, [1; 6]);
    clear().await;
}

#[wasm_bindgen_test]
async fn a_load_is_a_snapshot_of_pieces_too() {
    large("then").save(model(vec![1; 9])).await.unwrap();
    let loaded = plain("then").load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.to_bytes().await.unwrap(), vec![1; 9]);
    large("then").save(model(vec![2; 9])).await.unwrap();
    old_or_conflict(&loaded).await;
    store().remove(&url("then")).await.unwrap();
    assert_eq!(pieces().await.unwrap(), "[]");
    old_or_conflict(&loaded).await;
}

/// Chromium keeps Blobs whose records are gone; Firefox does not.
async fn old_or_conflict(loaded: &Weights) {
    match loaded.to_bytes().await {
        Ok(bytes) => assert_eq!(bytes, vec![1; 9]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
    }
}

#[wasm_bindgen_test]
async fn damage_is_told_and_hides_no_other_model() {
    for (name, value, kind) in [
        ("short", js_sys::eval("new Blob(['x'])").unwrap(), ErrorKind::Corrupt),
        ("odd", JsValue::from(7), ErrorKind::Corrupt),
        ("gone", JsValue::UNDEFINED, ErrorKind::NotFound),
    ] {
        large(name).save(model(vec![1; 8])).await.unwrap();
        change_last_piece(&value).await.unwrap();
        assert_eq!(plain(name).load().await.unwrap_err().kind(), kind, "{name}");
        assert_eq!(store().list().count().await, 1);
        clear().await;
    }
    // Other bytes of the same number.
    large("turned").save(model(vec![1; 8])).await.unwrap();
    change_last_piece(&js_sys::eval("new Blob(['turn'])").unwrap()).await.unwrap();
    let loaded = plain("turned").load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.to_bytes().await.unwrap_err().kind(), ErrorKind::Corrupt);
    for pointer in ["7", "{}", r#"{"id":7,"count":2}"#, r#"{"id":"x","count":"many"}"#, "null"] {
        point("turned", pointer).await.unwrap();
        let error = plain("turned").load().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{pointer}");
        assert_eq!(store().list().count().await, 1);
    }
    for pointer in [r#"{"id":"x","count":-1}"#, r#"{"id":"x","count":1e300}"#] {
        point("turned", pointer).await.unwrap();
        plain("turned").load().await.unwrap_err();
    }
    clear().await;

    // A database that has our name and is another one.
    plain("small").save(model(vec![1; 8])).await.unwrap();
    usurp().await.unwrap();
    assert_eq!(store().list().count().await, 1);
    plain("small").save(model(vec![2; 8])).await.unwrap();
    assert_eq!(bytes_of("small").await, [2; 8]);
    let failed = large("small").save(model(vec![3; 8])).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Corrupt);
    assert_eq!(bytes_of("small").await, [2; 8]);
    restore().await.unwrap();
    clear().await;
}

#[wasm_bindgen_test]
fn settings_are_checked() {
    let wrong = HandlerOptions::new().with_setting("layout", "files");
    let error = IndexedDbHandler::new(url("x"), wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(large("x").capabilities().stream && !plain("x").capabilities().stream);
}
