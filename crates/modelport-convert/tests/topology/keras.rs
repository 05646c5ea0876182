//! What Keras 2 and Keras 3 get.

use modelport_convert::{
    report::{Change, Effect, Policy, Report},
    topology::{Dialect, TfjsSource, to_keras},
};
use serde_json::{Value, json};

use crate::support::{Model, back, convert, layer, places, sequential};

fn one(dialect: Dialect, class: &str, mut config: Value) -> (Value, Report) {
    config["name"] = json!("l");
    let (model, report) =
        back(&sequential(json!({"class_name": class, "config": config})), dialect);
    (layer(&model.config, "l").clone(), report)
}

#[test]
fn b24_keras_3_gets_no_key_that_it_refuses() {
    let cases = [
        ("LSTM", json!({"time_major": false, "implementation": 2, "unit_forget_bias": null})),
        ("Embedding", json!({"input_length": 4, "batch_input_shape": [null, 4]})),
        (
            "DepthwiseConv2D",
            json!({"groups": 1, "kernel_initializer": null, "kernel_constraint": null,
                   "kernel_regularizer": null, "filters": 3}),
        ),
        ("SeparableConv2D", json!({"groups": 1, "kernel_initializer": null})),
        ("Conv2DTranspose", json!({"groups": 1})),
        ("BatchNormalization", json!({"renorm": false, "fused": null, "virtual_batch_size": null})),
        ("RNN", json!({"cells": [], "cell": {"class_name": "LSTMCell", "config": {"units": 1}}})),
    ];
    for (class, config) in cases {
        let keys: Vec<String> = config.as_object().unwrap().keys().cloned().collect();
        let (layer, _) = one(Dialect::Keras3, class, config);
        for key in keys.iter().filter(|key| *key != "cell") {
            assert_eq!(layer["config"].get(key), None, "{class} has {key}");
        }
        assert_eq!(layer["module"], "keras.layers");
        assert_eq!(layer["registered_name"], Value::Null);
    }
}

/// As Keras 3.10 finds them: `module` with `registered_name`, or neither.
#[test]
fn b24_classes_of_ones_own_are_not_said_to_be_of_keras() {
    let registered = json!({"module": null, "class_name": "Mine", "config": {"name": "l"},
                            "registered_name": "pkg>Mine"});
    let plain = json!({"module": null, "class_name": "Plain", "config": {"name": "l"},
                       "registered_name": "Plain"});
    let legacy = json!({"class_name": "pkg>Mine", "config": {"name": "l"}});
    for (source, class) in [(registered, "pkg>Mine"), (plain, "Plain"), (legacy, "pkg>Mine")] {
        let config = sequential(source).to_string();
        let (tfjs, _) = convert(&config, Some("3.10.0"), None);
        for dialect in [Dialect::Keras2, Dialect::Keras3] {
            let (model, _) = back(&tfjs.topology, dialect);
            let want = json!({"class_name": class, "config": {"name": "l"}});
            assert_eq!(layer(&model.config, "l"), &want, "{dialect:?}");
        }
    }
    let (attention, _) = one(Dialect::Keras3, "AdditiveAttention", json!({}));
    assert_eq!(attention["module"], "keras.layers");
}

#[test]
fn b24_keras_3_gets_its_own_words() {
    let (layer, _) = one(
        Dialect::Keras3,
        "LeakyReLU",
        json!({"alpha": 0.25, "dtype": {"class_name": "Policy", "config": {"name": "float32"}}}),
    );
    assert_eq!(layer["config"], json!({"name": "l", "negative_slope": 0.25, "dtype": "float32"}));
    // There is no such class any more; ReLU does the same.
    let (layer, _) = one(Dialect::Keras3, "ThresholdedReLU", json!({"theta": 2}));
    assert_eq!(layer["class_name"], "ReLU");
    assert_eq!(layer["config"], json!({"name": "l", "threshold": 2}));
    let initializer = json!({"class_name": "LeCunNormal", "config": {"seed": null}});
    let (layer, _) = one(Dialect::Keras3, "Dense", json!({"kernel_initializer": initializer}));
    let want = json!({"module": "keras.initializers", "class_name": "LecunNormal",
                      "config": {"seed": null}, "registered_name": null});
    assert_eq!(layer["config"]["kernel_initializer"], want);
    let (layer, _) = one(Dialect::Keras3, "BatchNormalization", json!({"axis": [3]}));
    assert_eq!(layer["config"]["axis"], 3);
}

#[test]
fn b24_a_sequential_of_keras_3_has_an_input_layer() {
    let first = json!({"class_name": "Dense", "config": {"name": "d", "units": 1,
        "batch_input_shape": [null, 3], "dtype": "float32"}});
    let topology = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [first]}});
    let (model, _) = back(&topology, Dialect::Keras3);
    let layers = &model.config["config"]["layers"];
    assert_eq!(layers[0]["class_name"], "InputLayer");
    assert_eq!(layers[0]["config"]["name"], "d_input");
    assert_eq!(layers[0]["config"]["batch_shape"], json!([null, 3]));
    assert_eq!(layers[1]["config"].get("batch_input_shape"), None);
    // Keras 2 has it at the layer.
    let (model, _) = back(&topology, Dialect::Keras2);
    assert_eq!(model.config["config"]["layers"].as_array().unwrap().len(), 1);
}

#[test]
fn b31_two_copies_of_cells_are_dropped_for_keras_2() {
    let cell = json!({"class_name": "LSTMCell", "config": {"units": 1, "name": "c"}});
    let stack = json!({"class_name": "StackedRNNCells", "config": {"cells": [cell]}});
    let (layer, report) = one(Dialect::Keras2, "RNN", json!({"cells": [cell], "cell": stack}));
    assert_eq!(layer["config"].get("cells"), None);
    assert_eq!(layer["config"]["cell"]["config"]["cells"].as_array().unwrap().len(), 1);
    let is_it = |change: &Change| *change == Change::Dropped { key: "cells".to_owned() };
    assert_eq!(places(&report, is_it), ["l"]);
}

#[test]
fn b30_hard_sigmoid_is_another_function_in_keras_3_alone() {
    let config = json!({"units": 1, "recurrent_activation": "hard_sigmoid"});
    let (_, report) = one(Dialect::Keras2, "LSTM", config.clone());
    report.check(Policy::default()).unwrap();
    let (_, report) = one(Dialect::Keras3, "LSTM", config);
    let key = "recurrent_activation".to_owned();
    let want = Change::ValueChange { key, effect: Effect::HardSigmoid };
    assert_eq!(places(&report, |change| *change == want), ["l"]);
    report.check(Policy::default()).unwrap_err();
}

/// What TensorFlow.js does where nothing is said is not what Keras does.
#[test]
fn b30_defaults_that_differ_are_said() {
    for dialect in [Dialect::Keras2, Dialect::Keras3] {
        let (layer, _) = one(dialect, "GRU", json!({"units": 1}));
        assert_eq!(layer["config"]["reset_after"], false);
        assert_eq!(layer["config"]["recurrent_activation"], "hard_sigmoid");
    }
}

#[test]
fn b34_both_shapes_of_a_topology_are_read() {
    let (converted, _) = Model::read("k2-nested.h5").to_tfjs();
    let wrapped = converted.topology;
    let mut bare = wrapped["model_config"].clone();
    bare["keras_version"] = json!("tfjs-layers 4.22.0");
    bare["backend"] = json!("tensor_flow.js");
    bare["class_name"] = json!("Model");
    for dialect in [Dialect::Keras2, Dialect::Keras3] {
        let [(one, _), (other, _)] = [&wrapped, &bare].map(|topology| back(topology, dialect));
        assert_eq!(one.config, other.config);
        assert_eq!(one.config["class_name"], "Functional");
        assert_eq!(one.weights, other.weights);
    }
    let list = sequential(json!({"class_name": "Dense", "config": {"name": "d", "units": 1}}));
    let list = json!({"class_name": "Sequential", "config": list["config"]["layers"]});
    let (model, _) = back(&list, Dialect::Keras3);
    assert_eq!(model.config["config"]["layers"][1]["config"]["name"], "d");
}

/// Keras 3 to TensorFlow.js and back loses nothing but what the report says, apart from the form
/// of calls and the shapes that layers were built with.
#[test]
fn b49_keras_3_comes_back() {
    for name in ["k3-seq-dense.keras", "k3-cnn-bn.keras", "k3-one-of-each.keras"] {
        let source = Model::read(name);
        let (there, _) = source.to_tfjs();
        let (again, report) = back(&there.topology, Dialect::Keras3);
        report.check(Policy { strict: true, force: false }).unwrap();
        let layers = |config: &Value| config["config"]["layers"].as_array().unwrap().clone();
        let (want, got) = (layers(&source.0["model_config"]), layers(&again.config));
        assert_eq!(want.len(), got.len());
        for (want, got) in want.iter().zip(&got) {
            assert_eq!(want["class_name"], got["class_name"]);
            assert_eq!(want["module"], got["module"]);
            let settings = want["config"].as_object().unwrap();
            for (key, value) in settings.iter().filter(|(key, _)| !is_lost(key)) {
                let mut value = value.clone();
                plain(&mut value);
                let mut other = got["config"][key].clone();
                plain(&mut other);
                assert_eq!(other, value, "{name}: {} {key}", want["config"]["name"]);
            }
        }
    }
}

/// What says nothing but the default, or is in other words.
fn is_lost(key: &str) -> bool {
    const LOST: [&str; 9] = [
        "activity_regularizer",
        "dtype",
        "kernel_constraint",
        "kernel_initializer",
        "kernel_regularizer",
        "ragged",
        "rms_scaling",
        "sparse",
        "synchronized",
    ];
    LOST.contains(&key)
}

fn plain(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(items) => {
            let lost = ["build_config", "dtype", "shared_object_id"];
            items.retain(|key, _| !lost.contains(&key.as_str()));
            items.values_mut().for_each(plain);
        }
        _ => {}
    }
}

#[test]
fn b46_a_call_that_cannot_be_is_an_error() {
    let input = json!({"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                       "config": {"batch_input_shape": [null, 1], "name": "x"}});
    let nested = json!({"class_name": "Sequential", "name": "s", "config": {"name": "s",
        "layers": []}, "inbound_nodes": [[["x", 0, 0, {}]]]});
    let topology = json!({"class_name": "Model", "config": {"name": "m",
        "layers": [input, nested], "input_layers": [["x", 0, 0]],
        "output_layers": [["s", 0, 0]]}});
    let topology = topology.to_string();
    let source = TfjsSource { topology: &topology, training_config: None };
    to_keras(&source, Dialect::Keras2, &mut Report::new()).unwrap();
    let error = to_keras(&source, Dialect::Keras3, &mut Report::new()).unwrap_err();
    assert!(error.to_string().contains("`s`"), "{error}");
}
