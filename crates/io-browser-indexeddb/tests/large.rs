//! Large models: how long they take beside the browser itself and TensorFlow.js, and how much
//! memory. Run with `--release -- --include-ignored --nocapture`; it stores several gigabytes.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_browser_indexeddb::{IndexedDbHandler, IndexedDbStore};
use io_core::{
    DType, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelStore, ModelUrl, WeightSource,
    WeightSpec, WeightStream, Weights,
};
use io_web::{JsPiece, JsWeights};
use js_sys::{ArrayBuffer, WebAssembly};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

// The driver takes a page for dead that clones a large buffer for half a minute.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// TensorFlow.js for pages, where `cargo xtask setup` puts it.
const TFJS: &str =
    include_str!("../../../target/tools/node/node_modules/@tensorflow/tfjs/dist/tf.min.js");

#[wasm_bindgen(module = "/tests/bench.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn raw_put(buffer: &ArrayBuffer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn raw_get() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn forget() -> Result<JsValue, JsValue>;
    fn start(source: &str);
    #[wasm_bindgen(catch)]
    async fn tfjs_save(buffer: &ArrayBuffer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn tfjs_load() -> Result<JsValue, JsValue>;
    fn noise(length: u32) -> ArrayBuffer;
    fn now() -> f64;
}

fn url(name: &str) -> ModelUrl {
    ModelUrl::new("indexeddb", name).unwrap()
}

fn handler(layout: &str) -> IndexedDbHandler {
    let options = HandlerOptions::new();
    let options = if layout == "auto" { options } else { options.with_setting("layout", layout) };
    IndexedDbHandler::new(url("large"), options).unwrap()
}

async fn remove() {
    let store = IndexedDbStore::new(url(""), HandlerOptions::new()).unwrap();
    store.remove(&url("large")).await.unwrap();
}

fn model(weights: Weights) -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse("{}").unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [weights.byte_length()], DType::Bool)]),
        weight_data: Some(weights),
        ..ModelArtifacts::default()
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> (f64, T) {
    let start = now();
    let result = work.await;
    (now() - start, result)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap()
}

async fn compare(megabytes: u32, rounds: usize) {
    let buffer = noise(megabytes << 20);
    let here = Weights::from_source(JsWeights::from(buffer.clone()));
    let names = [
        "raw put",
        "raw get",
        "tfjs save",
        "tfjs load",
        "record save",
        "record load",
        "blobs save",
        "blobs load",
        "blobs load and read into a buffer",
        "blobs load and stream into wasm",
    ];
    let mut all = names.map(|_| Vec::new());
    for _ in 0..rounds {
        let mut row = Vec::new();
        row.push(raw_put(&buffer).await.unwrap().as_f64().unwrap());
        row.push(raw_get().await.unwrap().as_f64().unwrap());
        forget().await.unwrap();
        row.push(tfjs_save(&buffer).await.unwrap().as_f64().unwrap());
        row.push(tfjs_load().await.unwrap().as_f64().unwrap());
        for layout in ["record", "blobs"] {
            let (time, saved) = timed(handler(layout).save(model(here.clone()))).await;
            saved.unwrap();
            row.push(time);
            let (time, loaded) = timed(handler("auto").load()).await;
            let weights = loaded.unwrap().weight_data.unwrap();
            let found = weights.source_as::<JsWeights>().unwrap();
            assert_eq!(found.byte_length(), u64::from(megabytes) << 20);
            row.push(time);
            if layout == "blobs" {
                let (reading, joined) = timed(found.to_array_buffer()).await;
                joined.unwrap();
                row.push(time + reading);
                let (reading, length) = timed(length_of(&weights)).await;
                assert_eq!(length, u64::from(megabytes) << 20);
                row.push(time + reading);
            }
            remove().await;
        }
        console_log!("{megabytes} MB: {row:.0?} ms");
        for (times, time) in all.iter_mut().zip(row) {
            times.push(time);
        }
    }
    for (name, times) in names.iter().zip(all) {
        console_log!("{megabytes} MB {name}: {:.0} ms", median(times));
    }
}

async fn length_of(weights: &Weights) -> u64 {
    weights
        .stream()
        .map_ok(|bytes| bytes.len() as u64)
        .try_fold(0, |sum, it| async move { Ok(sum + it) })
        .await
        .unwrap()
}

#[wasm_bindgen_test]
#[ignore = "a measurement; it takes minutes"]
async fn times_beside_the_browser_and_tensorflow_js() {
    start(TFJS);
    compare(128, 3).await;
    compare(512, 3).await;
}

/// Bytes that nobody has stored.
#[derive(Debug)]
struct Generated(u64);

/// The bytes of the chunk at `index`: no two are alike.
fn chunk(index: u64) -> Bytes {
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(1 << 20);
    while bytes.len() < 1 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.into()
}

impl WeightSource for Generated {
    fn byte_length(&self) -> u64 {
        self.0
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        assert_eq!(range, 0..self.0);
        Box::pin(stream::iter(0..self.0 >> 20).map(|index| Ok(chunk(index))))
    }
}

fn wasm_megabytes() -> u32 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<ArrayBuffer>().byte_length() >> 20
}

#[wasm_bindgen_test]
#[ignore = "it stores a gigabyte"]
async fn the_largest_record_that_is_made_by_itself_can_be_stored() {
    let length = 1_u64 << 30;
    let weights = Weights::from_source(Generated(length));
    handler("auto").save(model(weights)).await.unwrap();
    let weights = handler("auto").load().await.unwrap().weight_data.unwrap();
    assert!(matches!(weights.source_as::<JsWeights>().unwrap().pieces(), [JsPiece::Buffer(_)]));
    assert_eq!(length_of(&weights).await, length);
    remove().await;
}

#[wasm_bindgen_test]
#[ignore = "it stores three gigabytes"]
async fn three_gigabytes_pass_through_little_memory() {
    let length = 3_u64 << 30;
    let weights = Weights::from_source(Generated(length));
    let (saving, saved) = timed(handler("auto").save(model(weights))).await;
    assert_eq!(saved.unwrap().model_artifacts_info.weight_data_bytes, length);
    let after_save = wasm_megabytes();
    let (loading, loaded) = timed(handler("auto").load()).await;
    let weights = loaded.unwrap().weight_data.unwrap();
    let (reading, ()) = timed(async {
        // The checksum of the save is verified on the way; every byte is compared besides.
        let mut stream = weights.stream();
        let (mut index, mut rest) = (0, Bytes::new());
        while let Some(bytes) = stream.next().await {
            let mut bytes = bytes.unwrap();
            while !bytes.is_empty() {
                if rest.is_empty() {
                    rest = chunk(index);
                    index += 1;
                }
                let part = bytes.split_to(bytes.len().min(rest.len()));
                assert!(rest.split_to(part.len()) == part, "chunk {index}");
            }
        }
        assert_eq!(index, length >> 20);
    })
    .await;
    let most = wasm_megabytes();
    console_log!("3 GB: save {saving:.0} ms, load {loading:.0} ms, read {reading:.0} ms");
    console_log!("wasm memory: {after_save} MiB after the save, {most} MiB in the end");
    remove().await;
    assert!(most < 256, "{most} MiB");
}
