//! What is kept, what is left out and what is refused, part by part.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::{
    fixtures,
    keras_files::{convert, digests, some, sums},
    program, reference,
};
use serde_json::{Value, json};

use super::files::predictions;

/// Runs `h5_edit.py`.
fn edited(how: &str, from: &Path, to: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("convert/h5_edit.py");
    let mut command = Command::new(reference::python());
    program::finish(command.arg(script).arg(how).args([from, to])).success();
}

/// A copy of a fixture whose model file is changed.
fn changed(name: &str, dir: &Path, change: impl FnOnce(&mut Value)) {
    fixtures::one(name).copy_files(dir);
    let file = dir.join("model.json");
    let mut model: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut model);
    fs::remove_file(&file).unwrap();
    fs::write(&file, model.to_string()).unwrap();
}

fn model_json(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join("model.json")).unwrap()).unwrap()
}

#[test]
fn behaviour_05_and_20_what_other_versions_write() {
    let root = tempfile::tempdir().unwrap();
    let files =
        some(&["k2-nested/model.h5", "k3-cnn-bn/model.keras", "k3-nested-shared/model.keras"]);
    let mut dirs: Vec<PathBuf> = Vec::new();
    for file in &files {
        let suffix = file.path.extension().unwrap().to_str().unwrap();
        let other = root.path().join(format!("{}.{suffix}", dirs.len()));
        let dir = root.path().join(dirs.len().to_string());
        edited(if suffix == "h5" { "no-versions" } else { "first-form" }, &file.path, &other);
        convert(&[], &other, &dir).success();
        dirs.push(dir);
    }
    for (file, predicted) in files.iter().zip(predictions(&files, &dirs)) {
        assert_eq!(predicted, "ok", "{}", file.name);
    }
}

#[test]
fn behaviour_25_weights_of_keras_3_alone() {
    let root = tempfile::tempdir().unwrap();
    for file in some(&["k3-seq-dense/model.weights.h5", "k3-nested-shared/model.weights.h5"]) {
        let dir = root.path().join(file.name.replace('/', "-") + "-tfjs");
        convert(&[], &file.path, &dir).success();
        let weights = file.expected["weights"].as_array().unwrap().iter();
        let of_layers =
            weights.filter(|weight| weight["path"].as_str().unwrap().starts_with("layers/"));
        assert_eq!(sums(&digests(&dir)), sums(of_layers), "{}", file.name);
        assert!(model_json(&dir)["modelTopology"].is_null());
    }
    let fixture = fixtures::one("js-nested/tfjs");
    let file = root.path().join("m.weights.h5");
    let back = root.path().join("back");
    convert(&[], &fixture.dir, &file).success();
    convert(&[], &file, &back).success();
    assert_eq!(sums(&digests(&back)), sums(fixture.weights().as_array().unwrap()));
}

#[test]
fn behaviour_38_and_40_every_type_and_every_cut() {
    let root = tempfile::tempdir().unwrap();
    for name in ["js-unequal-shards/tfjs-shards", "w-dtypes/all", "w-dtypes/js"] {
        let fixture = fixtures::one(name);
        let dir = root.path().join(fixture.flat_name());
        // Its weights are taken apart and put together again.
        convert(&["--dequantize", "--shard-bytes", "7"], &fixture.dir, &dir).success();
        let found = program::run(["info", "--digest", "--json", dir.to_str().unwrap()]).json();
        assert_eq!(fixtures::digests(&found["weights"]), fixture.weights(), "{name}");
    }
}

#[test]
fn behaviour_41_entries_of_an_optimizer_are_no_weights() {
    let root = tempfile::tempdir().unwrap();
    let fixture = fixtures::one("js-seq-dense-opt/tfjs");
    let with_optimizer = fixture.weights().as_array().unwrap().len();
    for suffix in ["h5", "keras"] {
        let file = root.path().join(format!("m.{suffix}"));
        let back = root.path().join(suffix);
        let done = convert(&["--json"], &fixture.dir, &file).json();
        assert!(done["changes"].to_string().contains("the state of the optimizer"), "{done}");
        convert(&[], &file, &back).success();
        let weights = digests(&back);
        assert!(weights.len() < with_optimizer);
        assert_eq!(sums(&weights), sums(&digests(&fixture.dir)));
    }
}

#[test]
fn behaviour_43_missing_extra_and_wrong_weights_are_named() {
    let root = tempfile::tempdir().unwrap();
    let renamed = root.path().join("renamed");
    changed("k2-seq-dense/tfjs", &renamed, |model| {
        model["weightsManifest"][0]["weights"][0]["name"] = json!("elsewhere/kernel");
    });
    let twice = root.path().join("twice");
    changed("k2-seq-dense/tfjs", &twice, |model| {
        let weights = &mut model["weightsManifest"][0]["weights"];
        weights[1]["name"] = weights[0]["name"].clone();
    });
    for (dir, named) in [(&renamed, "elsewhere/kernel"), (&twice, "hidden_1/kernel")] {
        for suffix in ["h5", "keras"] {
            let file = root.path().join(format!("m.{suffix}"));
            let error = convert(&["--json"], dir, &file).error();
            assert_eq!(error["kind"], "Corrupt");
            assert!(error["error"].as_str().unwrap().contains(named), "{error}");
            assert!(!file.exists());
        }
    }
}

#[test]
fn behaviour_45_unknown_keys_survive() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("from"), root.path().join("to"));
    let note = json!({"a": [1, 2.5, null], "b": 9_007_199_254_740_993_u64});
    changed("k2-seq-dense/tfjs", &from, |model| {
        model["x-note"] = note.clone();
        model["modelTopology"]["x-note"] = note.clone();
        model["weightsManifest"][0]["weights"][0]["x-note"] = note.clone();
    });
    convert(&["--quantize", "uint8"], &from, &to).success();
    let model = model_json(&to);
    assert_eq!(model["x-note"], note);
    assert_eq!(model["modelTopology"]["x-note"], note);
    assert_eq!(model["weightsManifest"][0]["weights"][0]["x-note"], note);
}

#[test]
fn behaviour_47_nothing_is_overwritten_while_it_is_read_or_when_it_should_stay() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("m.h5");
    fs::copy(&some(&["k2-seq-dense/model.h5"])[0].path, &file).unwrap();
    let before = fs::read(&file).unwrap();
    let error = convert(&["--json"], &file, &file).error();
    assert_eq!(error["kind"], "InvalidInput", "{error}");

    let keras = root.path().join("m.keras");
    fs::write(&keras, "mine").unwrap();
    let error = convert(&["--json", "--no-clobber"], &file, &keras).error();
    assert_eq!(error["kind"], "AlreadyExists", "{error}");
    assert_eq!(fs::read(&keras).unwrap(), b"mine");
    convert(&[], &file, &keras).success();
    assert!(fs::read(&keras).unwrap().starts_with(b"PK"));

    assert_eq!(fs::read(&file).unwrap(), before);
    let mut names: Vec<_> =
        fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["m.h5", "m.keras"]);
}
