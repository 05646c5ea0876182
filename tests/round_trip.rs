//! Copies of every fixture, there and back: the same bytes of weights, the same text of JSON.

use std::{fs, num::NonZeroU64, path::Path};

use futures::executor::block_on;
use modelport::{HandlerOptions, TransferOptions, copy_model, copy_model_with};
use modelport_tests::{fixtures, model::ModelFiles, program};
use serde_json::Value;

const SHARDINGS: [Option<u64>; 3] = [None, Some(7), Some(1000)];

#[test]
fn the_program_copies_there_and_back() {
    for fixture in fixtures::all() {
        there_and_back(&fixture.name, &fixture.dir, |from, to, shard_bytes| {
            let shard_bytes = shard_bytes.map(|bytes| format!("--shard-bytes={bytes}"));
            // No power cut in a test; the default is what the other tests use.
            let arguments = ["cp", "--to-option=fsync=false", from, to].map(str::to_owned);
            program::run(arguments.into_iter().chain(shard_bytes)).success();
        });
    }
}

#[test]
fn the_program_copies_with_its_defaults() {
    let root = tempfile::tempdir().unwrap();
    for fixture in fixtures::all() {
        let to = root.path().join(&fixture.name);
        program::run([Path::new("cp"), &fixture.dir, &to]).success();
        let copy = ModelFiles::read(&to);
        copy.assert_ours(&fixture.name);
        ModelFiles::read(&fixture.dir).assert_same(&copy, &fixture.name);
    }
}

#[test]
fn the_library_copies_there_and_back() {
    for fixture in fixtures::all() {
        there_and_back(&fixture.name, &fixture.dir, |from, to, shard_bytes| {
            block_on(copy_model_with(from, to, &options(shard_bytes))).unwrap();
        });
    }
}

#[test]
fn the_library_copies_through_memory() {
    for fixture in fixtures::all() {
        there_and_back(&fixture.name, &fixture.dir, |from, to, shard_bytes| {
            let memory = ["memory://a", "memory://b"];
            block_on(async {
                copy_model(from, memory[0]).await.unwrap();
                copy_model(memory[0], memory[1]).await.unwrap();
                copy_model_with(memory[1], to, &options(shard_bytes)).await.unwrap();
            });
        });
    }
}

/// What nobody knows stays, and so does a `null` where others have no key at all.
#[test]
fn unknown_keys_and_nulls_survive() {
    let odd = concat!(
        r#""x-first": {"b": 1.0, "a": [1e5, -0.0, 0.10, 1E+2, 123456789012345678901234567890]}, "#,
        r#""é\u00e9\ud83d\ude00": "\u0041\/", "x-null": null, "#
    );
    let odd_of_weight = r#""x-spec": {"z": 1.50, "a": null}, "x-null": null, "#;
    let nulls = [
        "signature",
        "trainingConfig",
        "userDefinedMetadata",
        "modelInitializer",
        "initializerSignature",
        "convertedBy",
        "generatedBy",
        "format",
    ];
    let root = tempfile::tempdir().unwrap();
    for fixture in fixtures::all() {
        let source = root.path().join(&fixture.name);
        fixture.copy_files(&source);
        let file = source.join("model.json");
        let text = fs::read_to_string(&file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let absent = nulls.into_iter().filter(|key| value.get(key).is_none());
        let nulls: String = absent.map(|key| format!("\"{key}\": null, ")).collect();
        // The first brace is that of the file; a spec is the only object that begins with a name
        // next to a shape.
        let text = text.replacen('{', &format!("{{{odd}{nulls}"), 1);
        fs::write(&file, with_keys_in_specs(&text, odd_of_weight)).unwrap();

        let original = ModelFiles::read(&source);
        assert!(original.parts["x-null"] == "null" && original.specs[0].contains_key("x-spec"));
        there_and_back(&fixture.name, &source, |from, to, shard_bytes| {
            block_on(copy_model_with(from, to, &options(shard_bytes))).unwrap();
        });
    }
}

/// Copies to a new place and from there to another, in every sharding.
fn there_and_back(name: &str, source: &Path, copy: impl Fn(&str, &str, Option<u64>)) {
    let original = ModelFiles::read(source);
    for shard_bytes in SHARDINGS {
        let root = tempfile::tempdir().unwrap();
        let [there, back] = ["there", "back"].map(|part| root.path().join(part));
        let [from, there_text, back_text] =
            [source, &there, &back].map(|path| path.to_str().unwrap());
        copy(from, there_text, shard_bytes);
        copy(there_text, back_text, None);
        for (dir, shard_bytes) in [(&there, shard_bytes), (&back, None)] {
            let what = format!("{name} with shards of {shard_bytes:?}");
            let copy = ModelFiles::read(dir);
            original.assert_same(&copy, &what);
            copy.assert_ours(&what);
            let total = copy.bytes.len() as u64;
            let shards = shard_bytes.map_or(1, |bytes| total.div_ceil(bytes).max(1));
            assert_eq!(copy.paths.len() as u64, shards, "{what}");
            // The model file, the weight files and nothing else.
            assert_eq!(fs::read_dir(dir).unwrap().count(), copy.paths.len() + 1, "{what}");
        }
    }
}

fn options(shard_bytes: Option<u64>) -> TransferOptions {
    let mut destination = HandlerOptions::new().with_setting("fsync", "false");
    destination.shard_bytes = shard_bytes.and_then(NonZeroU64::new);
    TransferOptions::new().with_destination(destination)
}

/// Adds `keys` at the start of each weight spec.
fn with_keys_in_specs(text: &str, keys: &str) -> String {
    let (before, manifest) = text.split_once("\"weightsManifest\"").unwrap();
    let mut parts = manifest.split("{\"name\":");
    let mut changed = parts.next().unwrap().to_owned();
    for part in parts {
        let is_spec = part.split('}').next().unwrap().contains("\"shape\"");
        changed.push('{');
        changed.push_str(if is_spec { keys } else { "" });
        changed.push_str("\"name\":");
        changed.push_str(part);
    }
    format!("{before}\"weightsManifest\"{changed}")
}
