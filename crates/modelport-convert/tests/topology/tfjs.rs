//! What TensorFlow.js gets.

use modelport_convert::report::{Change, Effect, Policy};
use serde_json::{Value, json};

use crate::support::{Model, convert, convert_layer, layer, places, sequential};

/// Keys that Keras 3 writes and TensorFlow.js has no use for.
const KERAS3_KEYS: [&str; 8] = [
    "\"module\"",
    "\"registered_name\"",
    "\"build_config\"",
    "\"compile_config\"",
    "\"shared_object_id\"",
    "\"batch_shape\"",
    "__keras_tensor__",
    "DTypePolicy",
];

#[test]
fn b26_nothing_that_only_keras_3_writes_is_left() {
    for name in Model::names().iter().filter(|name| name.starts_with("k3")) {
        let (model, _) = Model::read(name).to_tfjs();
        let text = model.topology["model_config"].to_string();
        for key in KERAS3_KEYS {
            assert!(!text.contains(key), "{name} has {key}");
        }
    }
}

#[test]
fn b26_the_words_of_tensorflow_js() {
    let (model, _) = Model::read("k3-one-of-each.keras").to_tfjs();
    assert_eq!(layer(&model.topology, "lrelu")["config"].get("negative_slope"), None);
    assert!(layer(&model.topology, "lrelu")["config"]["alpha"].is_number());
    let input = layer(&model.topology, "signal");
    assert!(input["config"]["batch_input_shape"].is_array());

    let dense = |settings: Value| {
        let mut config = json!({"name": "d", "units": 2});
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        json!({"class_name": "Dense", "config": config})
    };
    let (changed, _) = convert_layer(
        "3.10.0",
        dense(json!({
            "dtype": {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}},
            "activation": "silu",
            "kernel_initializer": {"module": "keras.initializers", "class_name": "LecunNormal",
                                   "config": {"seed": null}, "registered_name": null},
            "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
        })),
    );
    let want = json!({
        "name": "d", "units": 2, "dtype": "float32", "activation": "swish",
        "kernel_initializer": {"class_name": "LeCunNormal", "config": {"seed": null}},
        "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
    });
    assert_eq!(changed["config"], want);
}

#[test]
fn b26_bidirectional_has_one_layer_without_a_prefix() {
    let (model, report) = Model::read("k3-rnn.keras").to_tfjs();
    let config = &layer(&model.topology, "bi")["config"];
    assert_eq!(config.get("backward_layer"), None);
    assert_eq!(config["layer"]["config"]["name"], "lstm");
    report.check(Policy::default()).unwrap();

    // A backward layer of its own has no place in TensorFlow.js.
    let mut source = Model::read("k3-rnn.keras");
    let backward = source.0.pointer_mut("/model_config/config/layers/1/config/backward_layer");
    backward.unwrap()["config"]["units"] = json!(7);
    let (_, report) = source.to_tfjs();
    assert!(report.check(Policy::default()).unwrap_err().to_string().contains("`bi`"));
}

#[test]
fn b32_a_bidirectional_of_cells_cannot_run() {
    let cell = json!({"class_name": "LSTMCell", "config": {"name": "c", "units": 1}});
    let rnn = json!({"class_name": "RNN", "config": {"name": "r", "cell": cell}});
    let layer = json!({"class_name": "Bidirectional", "config": {"name": "b", "layer": rnn}});
    let (_, report) = convert_layer("2.15.0", layer);
    let is_it = |change: &Change| matches!(change, Change::CannotRun { .. });
    assert_eq!(places(&report, is_it), ["b"]);
}

#[test]
fn b26_a_sequential_that_has_no_input_layer_gets_its_shape() {
    let config = json!({"class_name": "Sequential", "config": {"name": "m",
        "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1}}],
        "build_input_shape": [null, 3]}});
    let (model, _) = convert(&config.to_string(), Some("2.15.0"), None);
    assert_eq!(layer(&model.topology, "d")["config"]["batch_input_shape"], json!([null, 3]));
}

/// Each of these computes something else in TensorFlow.js, or nothing.
#[test]
fn b30_what_would_compute_something_else_is_refused_unless_forced() {
    let cases = [
        ("2.15.0", "GRU", json!({"units": 1, "reset_after": true}), Effect::ResetAfter),
        ("3.10.0", "Activation", json!({"activation": "hard_sigmoid"}), Effect::HardSigmoid),
        ("3.10.0", "LSTM", json!({"recurrent_activation": "hard_sigmoid"}), Effect::HardSigmoid),
        ("2.15.0", "ReLU", json!({"negative_slope": 0.1}), Effect::ReluParameters),
        ("3.10.0", "ReLU", json!({"threshold": 1, "max_value": 6}), Effect::ReluParameters),
        ("3.10.0", "ELU", json!({"alpha": 0.5}), Effect::EluAlpha),
        ("2.15.0", "Conv1D", json!({"padding": "causal"}), Effect::CausalConvolution),
        ("2.15.0", "LSTM", json!({"time_major": true}), Effect::TimeMajor),
        (
            "3.10.0",
            "UpSampling2D",
            json!({"interpolation": "bilinear"}),
            Effect::BilinearUpsampling,
        ),
        ("3.10.0", "LayerNormalization", json!({"rms_scaling": true}), Effect::RmsScaling),
        ("3.10.0", "GlobalMaxPooling1D", json!({"keepdims": true}), Effect::KeepDims),
    ];
    for (version, class, mut config, effect) in cases {
        config["name"] = json!("l");
        let (_, report) = convert_layer(version, json!({"class_name": class, "config": config}));
        let is_it = |change: &Change| matches!(change, Change::ValueChange { effect: it, .. } if *it == effect);
        assert_eq!(places(&report, is_it), ["l"], "{class}");
        assert!(report.check(Policy::default()).unwrap_err().to_string().contains("`l`"));
        report.check(Policy { force: true, ..Policy::default() }).unwrap();
    }
}

#[test]
fn b30_what_computes_the_same_is_not_refused() {
    let cases = [
        ("2.15.0", "GRU", json!({"units": 1, "reset_after": false})),
        ("2.15.0", "Activation", json!({"activation": "hard_sigmoid"})),
        ("2.15.0", "ReLU", json!({"negative_slope": 0.0, "threshold": 0, "max_value": 6.0})),
        ("3.10.0", "ELU", json!({"alpha": 1.0})),
        ("2.15.0", "Conv1D", json!({"padding": "same", "groups": 1})),
        ("3.10.0", "UpSampling2D", json!({"interpolation": "nearest"})),
    ];
    for (version, class, mut config) in cases {
        config["name"] = json!("l");
        let (_, report) = convert_layer(version, json!({"class_name": class, "config": config}));
        report.check(Policy { strict: true, force: false }).unwrap();
    }
    for name in ["k3-hard-sigmoid.keras", "k2-gru-reset-after.h5"] {
        let (_, report) = Model::read(name).to_tfjs();
        report.check(Policy::default()).unwrap_err();
    }
}

#[test]
fn b31_fix_ups_for_what_tensorflow_js_refuses() {
    let (model, _) = Model::read("k2-separable.h5").to_tfjs();
    let separable = layer(&model.topology, "sep")["config"].as_object().unwrap();
    for key in ["kernel_initializer", "kernel_regularizer", "kernel_constraint"] {
        assert!(!separable.contains_key(key), "{key}");
    }
    assert!(
        separable.contains_key("depthwise_initializer") && separable.contains_key("kernel_size")
    );

    let (model, _) = Model::read("k215-mixed.h5").to_tfjs();
    let text = model.topology["model_config"].to_string();
    assert!(text.contains("\"L1L2\"") && !text.contains("\"L2\""));
    // TensorFlow.js does not call a layer that has one.
    assert!(!text.contains("activity_regularizer\":{"), "{text}");
}

#[test]
fn b32_unsupported_classes_are_listed_all_at_once() {
    let lambda = |name: &str| {
        json!({"class_name": "Lambda", "config": {"name": name,
        "function": ["4wEAAAA=", null, null]}})
    };
    let mut config = sequential(lambda("code"));
    let layers = config["config"]["layers"].as_array_mut().unwrap();
    layers.push(json!({"class_name": "MultiHeadAttention", "config": {"name": "one"}}));
    layers.push(json!({"class_name": "GroupNormalization", "config": {"name": "two"}}));
    layers.push(json!({"class_name": "MultiHeadAttention", "config": {"name": "three"}}));
    layers.push(json!({"class_name": "Mine", "config": {"name": "four", "any": [1, {"a": null}]},
                       "registered_name": "pkg>Mine"}));
    let (model, report) = convert(&config.to_string(), Some("3.10.0"), None);
    report.check(Policy::default()).unwrap();
    let error = report.check(Policy { strict: true, force: true }).unwrap_err().to_string();
    for word in
        ["`MultiHeadAttention`, in `one`, `three`", "`two`", "`Lambda`", "`pkg>Mine`", "`code`"]
    {
        assert!(error.contains(word), "{word} is not in {error}");
    }
    // Code and objects of the user's own are data that nothing touches.
    assert_eq!(layer(&model.topology, "code")["config"]["function"][0], "4wEAAAA=");
    assert_eq!(layer(&model.topology, "four")["config"]["any"], json!([1, {"a": null}]));
    for name in ["k2-attention.h5", "k3-attention.keras"] {
        let (_, report) = Model::read(name).to_tfjs();
        let is_it = |change: &Change| matches!(change, Change::UnknownClass { .. });
        assert_eq!(places(&report, is_it), ["mha"], "{name}");
    }
}

#[test]
fn b34_a_list_of_layers_is_a_sequential_and_model_is_functional() {
    let layers = sequential(json!({"class_name": "Dense", "config": {"name": "d", "units": 1}}));
    let old = json!({"class_name": "Sequential", "config": layers["config"]["layers"]});
    let (model, _) = convert(&old.to_string(), Some("2.1.0"), None);
    assert_eq!(model.weights.weights().count(), 2);
    let mut source = Model::read("k2-nested.h5");
    let (want, _) = source.to_tfjs();
    source.0["model_config"]["class_name"] = json!("Model");
    let (got, _) = source.to_tfjs();
    assert_eq!(got.weights, want.weights);
}

/// Keras 2 needs no changes but those above: everything else is as it was.
#[test]
fn b26_a_topology_of_keras_2_stays_as_it_is() {
    for name in ["k2-frozen.h5", "k2-rnn.h5", "k2-slash-names.h5", "k2-seq-dense.h5"] {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        assert_eq!(model.topology["keras_version"], "2.19.0");
        let mut want = source.0["model_config"].clone();
        remove(&mut want, &["module", "registered_name", "build_config", "activity_regularizer"]);
        let mut got = model.topology["model_config"].clone();
        remove(&mut got, &["activity_regularizer"]);
        assert_eq!(got, want, "{name}");
    }
}

fn remove(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, keys)),
        Value::Object(items) => {
            items.retain(|key, _| !keys.contains(&key.as_str()));
            items.values_mut().for_each(|item| remove(item, keys));
        }
        _ => {}
    }
}
