//! The files are those of TensorFlow.js; they are offered once all is read, and their addresses end.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod page;

use std::num::NonZeroU64;

use bytes::Bytes;
use futures::stream;
use io_core::{
    DType, Error, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelUrl,
    WeightSource, WeightSpec, WeightStream, Weights, WriteMode,
};
use io_downloads::{DownloadsHandler, FilesHandler};
use io_web::{JsPiece, JsWeights};
use js_sys::{ArrayBuffer, Uint8Array};
use serde::Deserialize;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_browser);

const BEFORE: &str = r#"{"modelTopology":{"class_name":"Sequential","config":[{"n":"é文"}],"nul":null},"format":"layers-model","generatedBy":"TensorFlow.js tfjs-layers v4.22.0","convertedBy":null,"weightsManifest":[{"paths":["./mymodel.weights.bin"],"weights":[{"name":"dense/kernel","shape":[3,1],"dtype":"float32"},{"name":"dense/bias","shape":[1],"dtype":"float32"}]"#;
const INTEGRITY: &str = r#","integrity":[{"bytes":16,"crc64nvme":"#;
const AFTER: &str = r#"}],"userDefinedMetadata":{"a":1},"modelInitializer":{},"trainingConfig":{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}}"#;
const DATA: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe];

#[derive(Debug, Deserialize)]
struct Click {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    size: u64,
    url: String,
    time: f64,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    made: usize,
    revoked: Vec<String>,
    timers: Vec<Timer>,
}

#[derive(Debug, Deserialize)]
struct Timer {
    delay: u32,
    url: String,
}

fn clicked() -> Vec<Click> {
    serde_json::from_str(&page::clicked()).unwrap()
}

fn addresses() -> Addresses {
    serde_json::from_str(&page::addresses()).unwrap()
}

fn handler(name: &str, options: HandlerOptions) -> DownloadsHandler {
    DownloadsHandler::new(ModelUrl::new("downloads", name).unwrap(), options).unwrap()
}

async fn bytes(file: &File) -> Vec<u8> {
    let buffer = JsFuture::from(file.array_buffer()).await.unwrap();
    Uint8Array::new(&buffer).to_vec()
}

/// The model of the golden files.
fn golden() -> ModelArtifacts {
    let json = |text| Some(Json::parse(text).unwrap());
    ModelArtifacts {
        model_topology: json(r#"{"class_name":"Sequential","config":[{"n":"é文"}],"nul":null}"#),
        format: json(r#""layers-model""#),
        generated_by: json(r#""TensorFlow.js tfjs-layers v4.22.0""#),
        converted_by: json("null"),
        weight_specs: Some(vec![
            WeightSpec::new("dense/kernel", [3, 1], DType::Float32),
            WeightSpec::new("dense/bias", [1], DType::Float32),
        ]),
        weight_data: Some(DATA.to_vec().into()),
        user_defined_metadata: json(r#"{"a":1}"#),
        model_initializer: json("{}"),
        training_config: json(
            r#"{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}"#,
        ),
        ..ModelArtifacts::default()
    }
}

fn with_weights(weights: impl Into<Weights>) -> ModelArtifacts {
    let weights = weights.into();
    ModelArtifacts {
        model_topology: Some(Json::parse("{}").unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [weights.byte_length()], DType::Bool)]),
        weight_data: Some(weights),
        ..ModelArtifacts::default()
    }
}

#[wasm_bindgen_test]
async fn writes_the_golden_files_and_forgets_their_addresses() {
    let (_, before) = (clicked(), addresses());
    handler("mymodel", HandlerOptions::new()).save(golden()).await.unwrap();
    let files = page::files("mymodel");
    let [model, weights] = files.as_slice() else { panic!("{files:?}") };
    let text = String::from_utf8(bytes(model).await).unwrap();
    let rest = text.strip_prefix(BEFORE).unwrap().strip_prefix(INTEGRITY).unwrap();
    let (checksum, rest) = rest.split_once("}]").unwrap();
    assert_eq!((checksum.len(), rest), (18, AFTER), "{text}");
    assert_eq!(bytes(weights).await, DATA);

    // The model file, which names the other, comes last.
    let clicks = clicked();
    let found: Vec<_> =
        clicks.iter().map(|it| (it.name.as_str(), it.kind.as_str(), it.size)).collect();
    let expected = [
        ("mymodel.weights.bin", "application/octet-stream", 16),
        ("mymodel.json", "application/json", text.len() as u64),
    ];
    assert_eq!(found, expected);
    assert!(clicks[1].time - clicks[0].time > 100.0, "{clicks:?}");

    // Not at once and not never.
    let after = addresses();
    assert_eq!((after.made - before.made, after.revoked.len()), (2, 0), "{after:?}");
    for (timer, click) in after.timers.iter().zip(&clicks) {
        assert_eq!((timer.url.as_str(), timer.delay), (click.url.as_str(), 40_000));
    }
    assert_eq!(after.timers.len(), 2);
}

#[wasm_bindgen_test]
async fn names_are_those_that_the_browser_gives() {
    for (prefix, name) in [
        ("", "model"),
        ("a b.é文", "a b.é文"),
        ("a/b\\c:d*e?f\"g<h>i|j\u{7}", "a_b_c_d_e_f_g_h_i_j_"),
        (".hidden", "_hidden"),
        (" x", "_x"),
        ("..", "_."),
        ("\u{202e}gpj", "_gpj"),
        // As Chromium 156 names them.
        ("a\u{200d}b\u{fdd0}c\u{e0001}d\u{1d173}e\u{600}f\u{fff9}", "a_b_c_d_e_f_"),
        ("a\u{2028}b\u{a0}c\u{378}d😀~e%20", "a\u{2028}b\u{a0}c\u{378}d😀~e%20"),
        (&"é".repeat(500), &"é".repeat(100)),
    ] {
        clicked();
        handler(prefix, HandlerOptions::new()).save(golden()).await.unwrap();
        let names: Vec<_> = clicked().into_iter().map(|click| click.name).collect();
        assert_eq!(names, [format!("{name}.weights.bin"), format!("{name}.json")]);
        let loaded = FilesHandler::new(page::files(name), HandlerOptions::new()).unwrap();
        let loaded = loaded.load().await.unwrap().weight_data.unwrap();
        assert_eq!(loaded.to_bytes().await.unwrap().as_ref(), DATA);
    }
}

#[wasm_bindgen_test]
async fn a_model_without_weights_is_one_file() {
    clicked();
    let artifacts = ModelArtifacts { weight_specs: None, weight_data: None, ..golden() };
    let saved = handler("alone", HandlerOptions::new()).save(artifacts).await.unwrap();
    assert_eq!(saved.model_artifacts_info.weight_data_bytes, 0);
    let names: Vec<_> = clicked().into_iter().map(|click| click.name).collect();
    assert_eq!(names, ["alone.json"]);
}

#[wasm_bindgen_test]
async fn shards_have_the_prefix_and_are_not_too_quick() {
    clicked();
    let options = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(6).unwrap());
    handler("cut", options).save(golden()).await.unwrap();
    let clicks = clicked();
    let found: Vec<_> = clicks.iter().map(|it| (it.name.as_str(), it.size)).collect();
    let [weights @ .., ("cut.json", _)] = found.as_slice() else { panic!("{found:?}") };
    let expected = [
        ("cut.group1-shard1of3.bin", 6),
        ("cut.group1-shard2of3.bin", 6),
        ("cut.group1-shard3of3.bin", 4),
    ];
    assert_eq!(weights, expected);
    for (click, next) in clicks.iter().zip(&clicks[1..]) {
        // Chromium drops what comes after ten within a second.
        assert!(next.time - click.time > 110.0, "{clicks:?}");
    }
}

/// Objects of JavaScript whose stream gives other bytes, so that it shows which of the two a file
/// is made of; and fails where it is told to.
#[derive(Clone, Debug)]
struct Disguised {
    inside: JsWeights,
    fails: bool,
}

impl WeightSource for Disguised {
    fn byte_length(&self) -> u64 {
        self.inside.byte_length()
    }

    fn stream(&self, range: std::ops::Range<u64>) -> WeightStream {
        let length = usize::try_from(range.end - range.start).unwrap();
        let item = if self.fails {
            Err(Error::corrupt("fails its checksum"))
        } else {
            Ok(Bytes::from(vec![7; length]))
        };
        Box::pin(stream::iter([item]))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        self.inside.as_any()
    }
}

fn pieces() -> JsWeights {
    let array = Uint8Array::from(DATA.as_slice());
    let blob = page::file("x", &DATA[9..]);
    JsWeights::new([
        JsPiece::Array(array.subarray(0, 5)),
        JsPiece::Buffer(ArrayBuffer::new(0)),
        JsPiece::Buffer(array.buffer().slice_with_end(5, 9)),
        JsPiece::Blob(blob.into()),
    ])
}

#[wasm_bindgen_test]
async fn objects_of_javascript_become_files_without_passing_through() {
    let source = Disguised { inside: pieces(), fails: false };
    let options = || HandlerOptions::new().with_shard_bytes(NonZeroU64::new(7).unwrap());
    for (name, options) in [("js", HandlerOptions::new()), ("js-cut", options())] {
        let weights = Weights::from_source(source.clone());
        handler(name, options).save(with_weights(weights)).await.unwrap();
        let mut found = Vec::new();
        for file in &page::files(name)[1..] {
            found.extend(bytes(file).await);
        }
        assert_eq!(found, DATA);
    }
    // And with a stream of their own they load again, verified.
    handler("js", HandlerOptions::new())
        .save(with_weights(Weights::from_source(pieces())))
        .await
        .unwrap();
    let files = FilesHandler::new(page::files("js"), HandlerOptions::new()).unwrap();
    let loaded = files.load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.to_bytes().await.unwrap().as_ref(), DATA);
}

#[wasm_bindgen_test]
async fn a_save_that_fails_offers_nothing_and_keeps_no_address() {
    let before = addresses();
    clicked();
    let failing = Weights::from_source(Disguised { inside: pieces(), fails: true });
    let create = HandlerOptions::new().with_write_mode(WriteMode::Create);
    let wrong = ModelArtifacts { weight_data: Some(vec![0; 15].into()), ..golden() };
    for (artifacts, options, kind) in [
        (with_weights(failing), HandlerOptions::new(), ErrorKind::Corrupt),
        (golden(), create, ErrorKind::Unsupported),
        (wrong, HandlerOptions::new(), ErrorKind::Corrupt),
        (ModelArtifacts::default(), HandlerOptions::new(), ErrorKind::InvalidInput),
    ] {
        let error = handler("broken", options).save(artifacts).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    let after = addresses();
    assert!(clicked().is_empty());
    assert_eq!((after.made, after.timers.len()), (before.made, 0));
    let setting = HandlerOptions::new().with_setting("x", "1");
    let url = ModelUrl::parse("downloads://x").unwrap();
    let refused = DownloadsHandler::new(url, setting).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
}
