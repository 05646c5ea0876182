//! Names of layers and models.

use modelport_convert::{
    report::{Change, Item},
    topology::Dialect,
};
use serde_json::{Value, json};

use crate::support::{Model, back, convert, layer, sequential};

#[test]
fn b33_names_that_tensorflow_js_refuses_are_renamed_everywhere() {
    let source = Model::read("k3-unicode.keras");
    let (model, report) = source.to_tfjs();
    let renamed: Vec<(&String, &String)> = report
        .entries()
        .iter()
        .filter_map(|entry| match &entry.change {
            Change::Renamed { item: Item::Layer, from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    assert!(renamed.len() >= 3, "{renamed:?}");
    let mut seen = std::collections::HashSet::new();
    for (from, to) in &renamed {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        assert!(to.chars().all(is_allowed) && to.starts_with(|c: char| c.is_ascii_alphanumeric()));
        assert!(seen.insert(to.as_str()), "{to} twice");
        // Calls, inputs and outputs as well.
        let layers = model.topology["model_config"]["config"].to_string();
        assert!(!layers.contains(&format!("\"{from}\"")), "{from} is left");
    }
    // The name of the model is free, and stays.
    let name = &model.topology["model_config"]["config"]["name"];
    assert_eq!(name, &source.0["model_config"]["config"]["name"]);
    // The weights are found under their old names and get the new ones.
    let stored = model.weights.match_stored(&source.stored()).unwrap();
    for name in stored.iter().flatten() {
        assert!(name.is_ascii(), "{name}");
    }
    let (again, other) = source.to_tfjs();
    assert_eq!(again.topology, model.topology);
    assert_eq!(other.to_string(), report.to_string());
}

#[test]
fn b33_case_is_never_touched() {
    let names = ["MyDense_One", "camelCase", "snake_case_2", "9block.x/Conv-Like_2"];
    for name in names {
        let dense = json!({"class_name": "Dense", "config": {"name": name, "units": 1}});
        let (model, report) = convert(&sequential(dense).to_string(), Some("2.15.0"), None);
        assert_eq!(layer(&model.topology, name)["config"]["name"], name);
        assert!(report.is_empty(), "{report}");
        let (keras, _) = back(&model.topology, Dialect::Keras2);
        assert_eq!(layer(&keras.config, name)["config"]["name"], name);
    }
}

#[test]
fn b33_new_names_are_not_those_of_others() {
    let dense = |name: &str| json!({"class_name": "Dense", "config": {"name": name, "units": 1}});
    let mut config = sequential(dense("a b"));
    let layers = config["config"]["layers"].as_array_mut().unwrap();
    layers.extend([dense("a_b"), dense("a?b"), dense("_a")]);
    let (model, _) = convert(&config.to_string(), Some("3.10.0"), None);
    let names: Vec<&Value> = model.topology["model_config"]["config"]["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| &layer["config"]["name"])
        .collect();
    assert_eq!(names, ["x", "a_b_1", "a_b", "a_b_2", "layer_a"]);
}

/// Names of nested models are no part of the names of weights in TensorFlow.js.
#[test]
fn b33_layers_of_one_name_in_two_models_are_told_apart() {
    let nested = |name: &str| {
        json!({"class_name": "Sequential", "config": {"name": name, "layers": [
            {"class_name": "Dense", "config": {"name": "dense", "units": 1}}]}})
    };
    let mut config = sequential(nested("one"));
    config["config"]["layers"].as_array_mut().unwrap().push(nested("two"));
    let (model, report) = convert(&config.to_string(), Some("3.10.0"), None);
    let names: Vec<&str> = model.weights.weights().map(|weight| weight.tfjs.as_str()).collect();
    assert_eq!(names, ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]);
    assert!(report.to_string().contains("`dense` is now `dense_1`"), "{report}");
    // Keras 3 keeps them apart by itself.
    let paths: Vec<String> = ["sequential", "sequential_1"]
        .iter()
        .flat_map(|model| [0, 1].map(|i| format!("layers/{model}/layers/dense/vars/{i}")))
        .collect();
    let stored = model.weights.match_stored(&paths).unwrap();
    assert_eq!(stored.into_iter().flatten().collect::<Vec<_>>(), names);
}

#[test]
fn b33_names_that_keras_refuses_are_renamed() {
    let dense = json!({"class_name": "Dense", "config": {"name": "block/conv", "units": 1}});
    let mut topology = sequential(dense);
    topology["config"]["name"] = json!("модель");
    let (keras3, _) = back(&topology, Dialect::Keras3);
    assert_eq!(layer(&keras3.config, "block_conv")["class_name"], "Dense");
    assert_eq!(keras3.config["config"]["name"], "model______");
    let store = keras3.store(&["block/conv/kernel", "block/conv/bias"]).unwrap();
    assert!(store.layers.iter().any(|layer| layer.name == "block_conv"));
    let (keras2, report) = back(&topology, Dialect::Keras2);
    assert_eq!(layer(&keras2.config, "block/conv")["class_name"], "Dense");
    assert_eq!(report.entries().len(), 1, "{report}");
}

/// Soon, though each of them meets all that came before.
#[test]
fn b33_many_layers_of_one_name_are_numbered() {
    let dense = json!({"class_name": "Dense", "config": {"name": "?", "units": 1}});
    let flatten = json!({"class_name": "Flatten", "config": {"name": "!"}});
    let mut config = sequential(dense.clone());
    let layers = config["config"]["layers"].as_array_mut().unwrap();
    layers.extend(std::iter::repeat_n([dense, flatten], 10_000).flatten());
    let started = std::time::Instant::now();
    let (model, _) = convert(&config.to_string(), Some("3.10.0"), None);
    let taken = started.elapsed();
    let last = &model.topology["model_config"]["config"]["layers"][20_001]["config"]["name"];
    assert_eq!(last, "layer__20000");
    assert!(taken < std::time::Duration::from_secs(20), "{taken:?}");
}
