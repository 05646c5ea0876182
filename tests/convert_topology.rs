//! Topologies of Keras 2 and Keras 3, converted, in real TensorFlow.js with the weights of Keras.
//!
//! The models are those of `crates/modelport-convert/tests/topology`, as small JSON files, so that
//! no container format stands between a topology and what TensorFlow.js makes of it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use modelport_convert::{
    report::{Level, Report},
    topology::{
        Dialect, H5Group, KerasSource, TfjsModel, TfjsSource, WeightPlan, to_keras, to_tfjs,
    },
};
use modelport_tests::reference::{self, Subject};
use serde_json::{Value, json};

/// What TensorFlow.js cannot run, and how it says so; everything else predicts as Keras does.
const CANNOT: [(&str, &str); 5] = [
    ("k2-attention.h5", "Unknown layer: MultiHeadAttention"),
    ("k2-attention.keras", "Unknown layer: MultiHeadAttention"),
    ("k3-attention.keras", "Unknown layer: MultiHeadAttention"),
    ("k2-gru-reset-after.h5", "reset_after"),
    // Another slope: a result, but not that of Keras 3.
    ("k3-hard-sigmoid.keras", "not 0."),
];

#[test]
fn b26_converted_topologies_predict_in_tensorflow_js_what_keras_does() {
    let root = tempfile::tempdir().unwrap();
    let models = models();
    let mut subjects = Vec::new();
    for (name, file) in &models {
        let dir = root.path().join(name);
        let (topology, report) = write(file, &dir);
        // What the report lets pass is what works.
        let refused = report.entries().iter().any(|entry| entry.level >= Level::Unsupported);
        assert_eq!(refused, CANNOT.iter().any(|(cannot, _)| cannot == name), "{name}: {report}");
        // And once more after the way to Keras and back.
        let again = root.path().join(format!("{name}-again"));
        for dialect in [Dialect::Keras2, Dialect::Keras3] {
            let again = again.with_extension(dialect.keras_version());
            rewrite(&topology, dialect, &dir, &again);
            subjects.push((name, again, file.clone()));
        }
        subjects.push((name, dir, file.clone()));
    }
    let batch: Vec<Subject<'_>> = subjects
        .iter()
        .map(|(_, dir, file)| Subject { dir: dir.clone(), fixture: Some((file, "none")) })
        .collect();
    for (line, (name, ..)) in reference::tfjs_check(&batch).iter().zip(&subjects) {
        let answer = line["predict"].as_str().unwrap();
        match CANNOT.iter().find(|(cannot, _)| cannot == name) {
            Some((_, why)) => assert!(answer.contains(why), "{line}"),
            None => assert_eq!(answer, "ok", "{line}"),
        }
    }
    assert_eq!(subjects.len(), 90);
}

fn models() -> Vec<(String, PathBuf)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/modelport-convert/tests/topology/models");
    let mut models: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    models.sort();
    models
}

/// Writes the model of `file` as a folder for TensorFlow.js.
fn write(file: &Path, dir: &Path) -> (Value, Report) {
    let source: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let config = source["model_config"].to_string();
    let training = source.get("training_config").map(Value::to_string);
    let keras = KerasSource {
        model_config: &config,
        keras_version: source["keras_version"].as_str(),
        training_config: training.as_deref(),
    };
    let mut report = Report::new();
    let model = to_tfjs(&keras, &mut report).unwrap();
    let tensors = named_tensors(&source, &model.weights);
    save(dir, &model, &tensors);
    (model.topology, report)
}

/// The tensors of a Keras file, under the names that the plan gives them.
fn named_tensors<'a>(source: &'a Value, plan: &WeightPlan) -> Vec<(String, &'a Value)> {
    let tensors = &source["tensors"];
    let Some(layers) = source.get("layers") else {
        let paths: Vec<String> = serde_json::from_value(source["stored"].clone()).unwrap();
        let names = plan.match_stored(&paths).unwrap();
        let pairs = paths.iter().zip(names);
        return pairs.filter_map(|(path, name)| Some((name?, &tensors[path]))).collect();
    };
    let layers: Vec<(String, Vec<String>)> = serde_json::from_value(layers.clone()).unwrap();
    let groups: Vec<H5Group> =
        layers.into_iter().map(|(layer, weights)| H5Group { layer, weights }).collect();
    let names = plan.match_h5(&groups).unwrap();
    let mut named = Vec::new();
    for (group, names) in groups.iter().zip(names) {
        for (weight, name) in group.weights.iter().zip(names) {
            named.push((name, &tensors[format!("model_weights/{}/{weight}", group.layer)]));
        }
    }
    named
}

fn save(dir: &Path, model: &TfjsModel, tensors: &[(String, &Value)]) {
    let mut specs = Vec::new();
    let mut bytes = Vec::new();
    for (name, tensor) in tensors {
        specs.push(json!({"name": name, "shape": tensor["shape"], "dtype": "float32"}));
        for number in tensor["data"].as_array().unwrap() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "written as the text of a float32"
            )]
            bytes.extend((number.as_f64().unwrap() as f32).to_le_bytes());
        }
    }
    let mut parts = json!({
        "format": "layers-model",
        "modelTopology": model.topology,
        "weightsManifest": [{"paths": ["weights.bin"], "weights": specs}],
    });
    if let Some(training) = &model.training_config {
        parts["trainingConfig"] = training.clone();
    }
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("model.json"), parts.to_string()).unwrap();
    fs::write(dir.join("weights.bin"), bytes).unwrap();
}

/// Converts `topology` to Keras and back; the weights go by their names in the Keras file.
fn rewrite(topology: &Value, dialect: Dialect, from: &Path, to: &Path) {
    let topology = topology.to_string();
    let source = TfjsSource { topology: &topology, training_config: None };
    let mut report = Report::new();
    let keras = to_keras(&source, dialect, &mut report).unwrap();
    let parts: Value = serde_json::from_slice(&fs::read(from.join("model.json")).unwrap()).unwrap();
    let specs = parts["weightsManifest"][0]["weights"].as_array().unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec["name"].as_str().unwrap()).collect();
    let groups = keras.h5_groups(&names).unwrap();

    let config = keras.config.to_string();
    let source = KerasSource {
        model_config: &config,
        keras_version: Some(dialect.keras_version()),
        training_config: None,
    };
    let model = to_tfjs(&source, &mut report).unwrap();
    let written: Vec<H5Group> = groups
        .iter()
        .map(|group| H5Group {
            layer: group.layer.clone(),
            weights: group.weights.iter().map(|weight| weight.name.clone()).collect(),
        })
        .collect();
    let read = model.weights.match_h5(&written).unwrap().concat();
    let sources = groups.iter().flat_map(|group| &group.weights).map(|weight| weight.source);
    let new_names: HashMap<usize, String> = sources.zip(read).collect();

    let mut parts = parts.clone();
    parts["modelTopology"] = model.topology;
    for (i, spec) in
        parts["weightsManifest"][0]["weights"].as_array_mut().unwrap().iter_mut().enumerate()
    {
        spec["name"] = json!(new_names[&i]);
    }
    fs::create_dir_all(to).unwrap();
    fs::write(to.join("model.json"), parts.to_string()).unwrap();
    fs::copy(from.join("weights.bin"), to.join("weights.bin")).unwrap();
}
