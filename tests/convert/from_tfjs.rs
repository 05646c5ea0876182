//! Models of TensorFlow.js as files of Keras and safetensors.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::{
    fixtures::{self, Fixture},
    keras_files::{convert, digests, sums},
    model::ModelFiles,
    program, reference,
};
use serde_json::Value;

/// Every layers model of the fixtures that has a topology.
fn layers_models() -> Vec<Fixture> {
    let all = fixtures::all().into_iter();
    let layers: Vec<_> = all
        .filter(|fixture| {
            fixture.expected["kind"] == "layers-model"
                && !fixture.name.starts_with("k2-weights-only")
        })
        .collect();
    assert!(layers.len() > 20, "{}", layers.len());
    layers
}

/// What h5py reads in the files, by their paths.
fn h5py(files: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("convert/h5_check.py");
    let ran = program::finish(Command::new(reference::python()).arg(script).args(files));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), files.len());
    lines
}

/// libhdf5 reads what we write, and finds what the reference converter has written: the same
/// datasets with the same bytes, and the same lists of names in the same order.
#[test]
fn behaviour_11_12_16_the_file_is_that_of_the_reference_converter() {
    let root = tempfile::tempdir().unwrap();
    let mut pairs = Vec::new();
    for fixture in layers_models() {
        let own = fixture.dir.parent().unwrap();
        let theirs = ["roundtrip.h5", "from-tfjs.h5"].map(|name| own.join(name));
        let Some(theirs) = theirs.into_iter().find(|file| file.is_file()) else { continue };
        let ours = root.path().join(fixture.flat_name() + ".h5");
        convert(&["--force"], &fixture.dir, &ours).success();
        pairs.push((fixture.name, ours, theirs));
    }
    assert!(pairs.len() > 8, "{}", pairs.len());
    let [ours, theirs] = [
        pairs.iter().map(|pair| pair.1.clone()).collect::<Vec<_>>(),
        pairs.iter().map(|pair| pair.2.clone()).collect(),
    ];
    for ((ours, theirs), (name, ..)) in h5py(&ours).iter().zip(&h5py(&theirs)).zip(&pairs) {
        let datasets = |line: &Value| -> Vec<Value> {
            let all = line["datasets"].as_array().unwrap().iter();
            let is_model =
                |dataset: &&Value| dataset["path"].as_str().unwrap().starts_with("model_weights/");
            all.filter(is_model).cloned().collect()
        };
        assert_eq!(datasets(ours), datasets(theirs), "{name}");
        let lists = |line: &Value| -> BTreeMap<String, Value> {
            let groups = line["attributes"].as_object().unwrap().iter();
            groups
                .flat_map(|(path, attributes)| {
                    ["layer_names", "weight_names"]
                        .map(|key| (format!("{path} {key}"), attributes[key].clone()))
                })
                .filter(|(_, list)| !list.is_null())
                .collect()
        };
        assert_eq!(lists(ours), lists(theirs), "{name}");
    }
}

/// A layer without weights has a list of none, which is not the same as no list.
#[test]
fn behaviour_14_empty_lists_are_lists() {
    let root = tempfile::tempdir().unwrap();
    let fixture = fixtures::one("k2-cnn-bn/tfjs");
    for options in [&["--keras", "2"], &["--keras", "3"]] {
        let file = root.path().join("m.h5");
        convert(options, &fixture.dir, &file).success();
        let line = &h5py(&[file])[0]["attributes"];
        let layers = line["model_weights"]["layer_names"].as_array().unwrap();
        let names = |layer: &Value| {
            let group = &line[format!("model_weights/{}", layer.as_str().unwrap())];
            group["weight_names"].as_array().unwrap().len()
        };
        let counts: Vec<usize> = layers.iter().map(names).collect();
        assert!(counts.contains(&0) && counts.iter().any(|count| *count > 0), "{counts:?}");
    }
}

#[test]
fn behaviour_15_versions_and_backend() {
    let root = tempfile::tempdir().unwrap();
    let fixture = fixtures::one("js-seq-dense-opt/tfjs");
    for (options, version) in [(&[][..], "2.15.0"), (&["--keras", "3"], "3.10.0")] {
        let file = root.path().join("m.h5");
        convert(options, &fixture.dir, &file).success();
        let line = &h5py(&[file])[0]["attributes"];
        for group in ["", "model_weights"] {
            assert_eq!(line[group]["keras_version"], version);
            assert_eq!(line[group]["backend"], "tensorflow");
        }
    }
}

#[test]
fn behaviour_24_the_zip_is_one_that_python_reads() {
    let root = tempfile::tempdir().unwrap();
    let fixture = fixtures::one("js-nested/tfjs");
    let file = root.path().join("m.keras");
    convert(&["--force"], &fixture.dir, &file).success();
    let read = "import sys, zipfile\n\
                z = zipfile.ZipFile(sys.argv[1])\n\
                assert z.testzip() is None\n\
                print(*z.namelist())\n\
                z.extract('model.weights.h5', sys.argv[2])";
    let mut command = Command::new(reference::python());
    let ran = program::finish(command.args(["-c", read]).arg(&file).arg(root.path()));
    assert_eq!(ran.success().trim(), "metadata.json config.json model.weights.h5");
    let line = &h5py(&[root.path().join("model.weights.h5")])[0];
    assert_eq!(
        sums(line["datasets"].as_array().unwrap()),
        sums(fixture.expected["weights"].as_array().unwrap())
    );
    let named = line["attributes"].as_object().unwrap();
    assert!(named.keys().any(|path| path.ends_with("/vars")), "{named:?}");
}

#[test]
fn behaviour_44_graph_models_are_kept_and_never_become_keras() {
    let root = tempfile::tempdir().unwrap();
    for name in ["g-mlp/tfjs", "g-dtypes/tfjs", "g-hashtable/tfjs", "g-frozen/tfjs"] {
        let fixture = fixtures::one(name);
        for suffix in ["h5", "keras", "weights.h5"] {
            let file = root.path().join(format!("m.{suffix}"));
            let error = convert(&["--json"], &fixture.dir, &file).error();
            assert_eq!(error["kind"], "Unsupported");
            assert!(error["error"].as_str().unwrap().contains("graph model"), "{error}");
            assert!(!file.exists());
        }
        let dir = root.path().join(fixture.flat_name());
        convert(&["--shard-bytes", "50"], &fixture.dir, &dir).success();
        let [before, after] = [&fixture.dir, &dir].map(|dir| ModelFiles::read(dir));
        assert_eq!(before.parts["signature"], after.parts["signature"], "{name}");
        assert_eq!(fixtures::digests(&Value::from(digests(&dir))), fixture.weights(), "{name}");
    }
}

#[test]
fn behaviour_49_every_weight_comes_back_to_the_bit() {
    let root = tempfile::tempdir().unwrap();
    for fixture in layers_models() {
        for suffix in ["h5", "keras"] {
            let file = root.path().join(format!("{}.{suffix}", fixture.flat_name()));
            let back = file.with_extension("");
            convert(&["--force"], &fixture.dir, &file).success();
            convert(&["--force", "--allow-unsupported"], &file, &back).success();
            assert_eq!(sums(&digests(&back)), sums(&digests(&fixture.dir)), "{}", fixture.name);
        }
    }
}

/// Through safetensors all comes back: every key of the model file, quantisation, order.
#[test]
fn behaviour_50_safetensors_keep_the_whole_model() {
    let root = tempfile::tempdir().unwrap();
    let mut kept = 0;
    for fixture in fixtures::all() {
        let file = root.path().join(fixture.flat_name() + ".safetensors");
        let has_text = fixture.expected["weights"]
            .as_array()
            .unwrap()
            .iter()
            .any(|weight| weight["dtype"] == "string");
        let ran = convert(&["--json"], &fixture.dir, &file);
        if has_text {
            assert_eq!(ran.error()["kind"], "Unsupported");
            continue;
        }
        ran.success();
        let bytes = fs::read(&file).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.len(), fixture.expected["weights"].as_array().unwrap().len());

        let back = root.path().join(fixture.flat_name());
        convert(&[], &file, &back).success();
        let [before, after] = [&fixture.dir, &back].map(|dir| manifest_and_rest(dir));
        assert_eq!(before, after, "{}", fixture.name);
        assert_eq!(fixtures::digests(&digests_all(&back)), fixture.weights(), "{}", fixture.name);
        kept += 1;
    }
    assert!(kept > 30, "{kept}");
}

/// The model file: its weights in one list, and all other keys.
fn manifest_and_rest(dir: &Path) -> (Vec<Value>, Value) {
    let text = fs::read(dir.join("model.json")).unwrap();
    let mut model: Value = serde_json::from_slice(&text).unwrap();
    let groups = model.as_object_mut().unwrap().remove("weightsManifest").unwrap();
    let groups = groups.as_array().unwrap().iter();
    let weights = groups.flat_map(|group| group["weights"].as_array().unwrap().clone()).collect();
    (weights, model)
}

fn digests_all(dir: &Path) -> Value {
    program::run(["info", "--digest", "--json", dir.to_str().unwrap()]).json()["weights"].clone()
}
