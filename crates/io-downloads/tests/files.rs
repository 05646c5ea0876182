//! Picked files in any order load; what does not fit is named; nothing is read too early.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod page;

use std::{cell::RefCell, rc::Rc};

use futures::StreamExt;
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, Progress, ProgressCallback};
use io_downloads::FilesHandler;
use io_manifest::Checksum;
use io_web::{JsPiece, JsWeights};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_browser);

const A: &[u8] = &[1, 2, 3, 4];
const B: &[u8] = &[10, 20, 30, 40];
const C: &[u8] = &[5, 6];
const D: &[u8] = &[7, 8];

/// A model of two groups in four files, two of them in folders; with checksums where asked for.
fn model(verified: bool) -> String {
    let integrity = |files: &[&[u8]]| {
        let entry = |bytes: &&[u8]| {
            let mut checksum = Checksum::new();
            checksum.update(bytes);
            format!(r#"{{"bytes":{},"crc64nvme":"{:016x}"}}"#, bytes.len(), checksum.finish())
        };
        let entries: Vec<_> = files.iter().map(entry).collect();
        if verified { format!(r#","integrity":[{}]"#, entries.join(",")) } else { String::new() }
    };
    let (first, second) = (integrity(&[A, B]), integrity(&[C, D]));
    format!(
        r#"{{"modelTopology":{{"t":1}},"format":"layers-model","userDefinedMetadata":{{"u":2}},"weightsManifest":[{{"paths":["./dir1/a.bin","./dir2/b.bin"],"weights":[{{"name":"x","shape":[2],"dtype":"float32"}}]{first}}},{{"paths":["c.bin","d.bin"],"weights":[{{"name":"y","shape":[4],"dtype":"bool"}}]{second}}}]}}"#
    )
}

fn named(name: &str, bytes: &[u8]) -> File {
    page::file(name, bytes)
}

fn all() -> Vec<File> {
    vec![
        named("model.json", model(true).as_bytes()),
        named("a.bin", A),
        named("b.bin", B),
        named("c.bin", C),
        named("d.bin", D),
    ]
}

async fn load(files: Vec<File>) -> io_core::Result<ModelArtifacts> {
    FilesHandler::new(files, HandlerOptions::new())?.load().await
}

#[wasm_bindgen_test]
async fn every_order_gives_the_same_model() {
    let mut files = all();
    for turn in 0..10 {
        files.rotate_left(1);
        if turn == 4 {
            files.reverse();
        }
        let loaded = load(files.clone()).await.unwrap();
        assert_eq!(loaded.weight_specs.as_ref().unwrap().len(), 2);
        assert_eq!(loaded.user_defined_metadata.unwrap().get(), r#"{"u":2}"#);
        let weights = loaded.weight_data.unwrap();
        assert_eq!(weights.to_bytes().await.unwrap().as_ref(), [A, B, C, D].concat());
        // For who knows JavaScript they are the files.
        let pieces = weights.source_as::<JsWeights>().unwrap().pieces().to_vec();
        assert!(matches!(pieces.as_slice(), [JsPiece::Blob(_), _, _, JsPiece::Blob(_)]));
        for range in [0..12, 1..11, 3..5, 4..8, 7..7, 8..12] {
            let expected = &[A, B, C, D].concat()[usize::try_from(range.start).unwrap()..]
                [..usize::try_from(range.end - range.start).unwrap()];
            let read: Vec<_> = weights.stream_range(range.clone()).collect().await;
            let read: Vec<_> = read.into_iter().flat_map(Result::unwrap).collect();
            assert_eq!(read, expected, "{range:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn the_model_file_is_found_among_others() {
    // By its ending; as `model.json` among several; the first one where none has the ending.
    let manifest = r#"{"modelTopology":{},"weightsManifest":[{"paths":["w.bin","labels.json"],"weights":[{"name":"x","shape":[8],"dtype":"bool"}]}]}"#;
    for (name, first) in [("m.JSON", false), ("model.json", false), ("upload", true)] {
        let other = if name == "model.json" { "labels.json" } else { "labels" };
        let manifest = manifest.replace("labels.json", other);
        let mut files = vec![named("w.bin", A), named(other, B)];
        let place = if first { 0 } else { files.len() };
        files.insert(place, named(name, manifest.as_bytes()));
        let loaded = load(files).await.unwrap();
        assert_eq!(loaded.weight_data_bytes(), 8, "{name}");
    }
}

#[wasm_bindgen_test]
async fn json_files_that_are_no_models_are_passed_over() {
    let metadata = br#"{"labels":["a"],"tfjsVersion":"1.3.1"}"#;
    for name in ["model.json", "my-net.json"] {
        let mut files = all();
        files[0] = named(name, model(true).as_bytes());
        files.insert(0, named("metadata.json", metadata));
        for _ in 0..files.len() {
            files.rotate_left(1);
            let loaded = load(files.clone()).await.unwrap();
            assert_eq!(loaded.weight_data_bytes(), 12, "{name}");
        }
    }
    // Two models are not told from each other.
    let mut files = all();
    files.push(named("other.json", model(true).as_bytes()));
    assert_eq!(load(files).await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[wasm_bindgen_test]
async fn a_bare_manifest_loads_with_its_weights() {
    let text = r#"[{"paths":["x-shard1"],"weights":[{"name":"x","shape":[4],"dtype":"bool"}]}]"#;
    let files = vec![named("x-shard1", A), named("x-weights_manifest.json", text.as_bytes())];
    let loaded = load(files).await.unwrap();
    assert_eq!(loaded.weight_data.unwrap().to_bytes().await.unwrap().as_ref(), A);
}

#[wasm_bindgen_test]
async fn a_model_file_alone_is_a_model_without_weights() {
    let loaded = load(all().into_iter().take(1).collect()).await.unwrap();
    assert!(loaded.weight_specs.is_none() && loaded.weight_data.is_none());
    // Where TensorFlow.js forgets everything but the topology.
    assert_eq!(loaded.format.unwrap().get(), r#""layers-model""#);
    assert_eq!(loaded.user_defined_metadata.unwrap().get(), r#"{"u":2}"#);
}

#[wasm_bindgen_test]
async fn what_does_not_fit_is_named() {
    let put = |place: usize, file: File| {
        let mut files = all();
        if place < files.len() {
            files[place] = file;
        } else {
            files.push(file);
        }
        files
    };
    let without = |places: &[usize]| {
        let files = all().into_iter().enumerate();
        files.filter(|(place, _)| !places.contains(place)).map(|(_, file)| file).collect()
    };
    let twice = model(false).replace("dir2/b.bin", "dir2/a.bin");
    let cases: [(Vec<File>, ErrorKind, &str, Option<&str>); 12] = [
        (
            without(&[2]),
            ErrorKind::NotFound,
            "weight file with basename 'b.bin' is not provided",
            None,
        ),
        (
            without(&[1, 4]),
            ErrorKind::NotFound,
            "weight files with basenames 'a.bin', 'd.bin' are not provided",
            None,
        ),
        (
            put(3, named("c (1).bin", C)),
            ErrorKind::NotFound,
            "weight file with basename 'c.bin' is not provided",
            Some("names 'c (1).bin'"),
        ),
        (
            put(9, named("labels.txt", b"cat")),
            ErrorKind::InvalidInput,
            "mismatch in the number of files in weights manifest (4) and the number of weight files provided (5)",
            Some("names 'labels.txt'"),
        ),
        (
            put(9, named("b.bin", B)),
            ErrorKind::InvalidInput,
            "two of the files are called 'b.bin'",
            None,
        ),
        (
            put(0, named("model.json", twice.as_bytes())),
            ErrorKind::Unsupported,
            "duplicate file basename found in weights manifest: 'a.bin'",
            Some("told apart"),
        ),
        (
            put(2, named("b.bin", A.split_at(3).0)),
            ErrorKind::Corrupt,
            "`./dir2/b.bin` has 3 bytes",
            None,
        ),
        (put(3, named("c.bin", A)), ErrorKind::Corrupt, "`c.bin` has 4 bytes instead of 2", None),
        (
            put(0, named("model.json", b"{ not json")),
            ErrorKind::Corrupt,
            "cannot parse file 'model.json'",
            None,
        ),
        (
            vec![named("w\u{1b}.bin", A)],
            ErrorKind::Corrupt,
            "cannot parse file 'w\\u{1b}.bin'",
            Some("model.json"),
        ),
        (
            put(0, named("model.json", model(false).replace("./dir1", "..").as_bytes())),
            ErrorKind::Corrupt,
            "cannot parse file 'model.json'",
            None,
        ),
        (
            put(0, named("model.json", b"{\"modelTopology\":{}}")),
            ErrorKind::InvalidInput,
            "weights manifest (0) and the number of weight files provided (4)",
            Some("'a.bin', 'b.bin', 'c.bin', 'd.bin'"),
        ),
    ];
    for (files, kind, text, hint) in cases {
        let error = load(files).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().ends_with(text) || error.to_string().contains(text), "{error}");
        if let Some(hint) = hint {
            assert!(error.hint().unwrap().contains(hint), "{error:?}");
        }
    }
    let none = FilesHandler::new([], HandlerOptions::new()).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::InvalidInput);
    assert!(none.to_string().contains("at least 1 file is required"), "{none}");
}

#[wasm_bindgen_test]
async fn damage_is_noticed_before_the_last_bytes_are_out() {
    let mut files = all();
    files[2] = named("b.bin", &[10, 20, 30, 41]);
    let weights = load(files.clone()).await.unwrap().weight_data.unwrap();
    let error = weights.to_bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("'b.bin' fails its checksum"), "{error}");
    // A part says nothing about the whole; and whoever does not want to know is not told.
    assert!(weights.stream_range(0..7).all(|bytes| async move { bytes.is_ok() }).await);
    let options = HandlerOptions::new().with_verify(false);
    let loaded = FilesHandler::new(files, options).unwrap().load().await.unwrap();
    assert_eq!(loaded.weight_data.unwrap().to_bytes().await.unwrap()[7], 41);
}

#[wasm_bindgen_test]
async fn weights_are_read_when_they_are_needed_and_not_before() {
    let weights = page::counted("w.bin", &vec![9; 10_000_000]);
    let json = r#"{"modelTopology":{},"weightsManifest":[{"paths":["w.bin"],"weights":[{"name":"x","shape":[10000000],"dtype":"bool"}]}]}"#;
    let told: Rc<RefCell<Vec<Progress>>> = Rc::default();
    let list = told.clone();
    let callback = ProgressCallback::new(move |progress| list.borrow_mut().push(progress));
    let options = HandlerOptions::new().with_progress(callback);
    let files = [named("model.json", json.as_bytes()), weights.clone()];
    let loaded = FilesHandler::new(files, options).unwrap().load().await.unwrap();
    assert_eq!((page::reads(&weights), told.borrow().len()), (0, 0));

    let mut stream = loaded.weight_data.unwrap().stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.len() < 5_000_000 && page::reads(&weights) == 1, "{}", first.len());
    let mut sum = first.len();
    while let Some(bytes) = stream.next().await {
        sum += bytes.unwrap().len();
    }
    assert_eq!(sum, 10_000_000);
    let last = *told.borrow().last().unwrap();
    assert_eq!((last.done, last.total), (10_000_000, 10_000_000));
}

#[wasm_bindgen_test]
async fn a_file_that_has_changed_since_is_a_conflict() {
    let mut files = all();
    files[1] = page::changed("a.bin", 4);
    let weights = load(files).await.unwrap().weight_data.unwrap();
    let error = weights.to_bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.to_string().contains("files://model.json"), "{error}");
    let error = load(vec![page::changed("model.json", 9)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}
