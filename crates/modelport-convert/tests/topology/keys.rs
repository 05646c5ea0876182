//! Keys, classes and objects that one Keras has and another one does not.

use modelport_convert::{
    report::{Change, Effect, Level, Policy, Report},
    topology::{Dialect, KerasModel},
};
use serde_json::{Value, json};

use crate::support::{back, convert, layer, places, sequential};

/// A layer that Keras of `version` wrote, for the Keras that speaks `dialect`.
fn across(version: &str, dialect: Dialect, class: &str, config: Value) -> (Value, Report) {
    let (model, report) = across_model(version, dialect, class, config);
    (layer(&model.config, "l").clone(), report)
}

fn across_model(
    version: &str,
    dialect: Dialect,
    class: &str,
    mut config: Value,
) -> (KerasModel, Report) {
    config["name"] = json!("l");
    let source = sequential(json!({"class_name": class, "config": config}));
    let (tfjs, _) = convert(&source.to_string(), Some(version), None);
    back(&tfjs.topology, dialect)
}

/// A layer that TensorFlow.js saved.
fn from_js(dialect: Dialect, class: &str, mut config: Value) -> (Value, Report) {
    config["name"] = json!("l");
    let (model, report) =
        back(&sequential(json!({"class_name": class, "config": config})), dialect);
    (layer(&model.config, "l").clone(), report)
}

fn worst(report: &Report) -> Option<Level> {
    report.entries().iter().map(|entry| entry.level).max()
}

#[test]
fn default_keys_of_other_keras_are_left_out_silently() {
    let cases = [
        ("2.15.0", Dialect::Keras3, "SpatialDropout1D", json!({"rate": 0.2, "trainable": true})),
        ("2.15.0", Dialect::Keras3, "SpatialDropout3D", json!({"rate": 0.2, "trainable": true})),
        ("2.15.0", Dialect::Keras3, "Discretization", json!({"num_bins": 2, "trainable": true})),
        ("2.15.0", Dialect::Keras3, "Conv1DTranspose", json!({"filters": 2, "groups": 1})),
        ("2.15.0", Dialect::Keras3, "DepthwiseConv1D", json!({"kernel_size": [2], "groups": 1})),
        (
            "2.15.0",
            Dialect::Keras3,
            "SeparableConv1D",
            json!({"filters": 2, "groups": 1,
            "kernel_regularizer": null, "kernel_constraint": null}),
        ),
        (
            "3.10.0",
            Dialect::Keras2,
            "ZeroPadding1D",
            json!({"padding": 1, "data_format": "channels_last"}),
        ),
        ("3.10.0", Dialect::Keras2, "CenterCrop", json!({"data_format": "channels_last"})),
        ("3.10.0", Dialect::Keras2, "RandomFlip", json!({"data_format": "channels_last"})),
        ("3.10.0", Dialect::Keras2, "RandomContrast", json!({"value_range": [0, 255]})),
        (
            "3.10.0",
            Dialect::Keras2,
            "Resizing",
            json!({"height": 2, "width": 2,
            "pad_to_aspect_ratio": false, "fill_mode": "constant", "fill_value": 0.0,
            "antialias": false, "data_format": "channels_last"}),
        ),
        ("3.10.0", Dialect::Keras2, "ConvLSTM1D", json!({"filters": 2, "seed": null})),
        ("3.10.0", Dialect::Keras2, "Embedding", json!({"input_dim": 2, "lora_rank": null})),
        (
            "3.15.1",
            Dialect::Keras2,
            "MultiHeadAttention",
            json!({"use_gate": false, "sliding_window": null, "flash_attention": null}),
        ),
        (
            "3.15.1",
            Dialect::Keras3,
            "MultiHeadAttention",
            json!({"use_gate": false, "sliding_window": null}),
        ),
        ("3.15.1", Dialect::Keras3, "Dense", json!({"units": 1, "quantization_config": null})),
    ];
    const KEPT: [&str; 8] =
        ["name", "rate", "num_bins", "filters", "kernel_size", "padding", "height", "width"];
    for (version, dialect, class, config) in cases {
        let keys: Vec<String> = config.as_object().unwrap().keys().cloned().collect();
        let (layer, report) = across(version, dialect, class, config);
        for key in keys.iter().filter(|key| !KEPT.contains(&key.as_str())) {
            let is_own = ["units", "input_dim"].contains(&key.as_str());
            assert_eq!(layer["config"].get(key).is_some(), is_own, "{class} {key}");
        }
        let is_hidden = |change: &Change| matches!(change, Change::Dropped { .. });
        assert!(places(&report, is_hidden).is_empty(), "{class}: {report}");
        assert!(worst(&report) <= Some(Level::Info), "{class}: {report}");
    }
}

#[test]
fn initializer_keys_of_newest_keras_are_left_out() {
    let axes = |seed: Value| json!({"seed": seed, "input_axes": null, "output_axes": null});
    for class in ["GlorotUniform", "HeNormal", "LecunNormal", "VarianceScaling"] {
        let initializer = json!({"module": "keras.initializers", "class_name": class,
            "config": axes(json!(3)), "registered_name": null});
        for dialect in [Dialect::Keras2, Dialect::Keras3] {
            let config = json!({"units": 1, "kernel_initializer": initializer});
            let (layer, report) = across("3.15.1", dialect, "Dense", config);
            let written = &layer["config"]["kernel_initializer"];
            assert_eq!(written["class_name"], class);
            assert_eq!(written["config"], json!({"seed": 3}), "{class}");
            assert!(worst(&report) <= Some(Level::Info), "{report}");
        }
    }
}

#[test]
fn settings_that_target_lacks_are_refused_unless_forced() {
    let cases = [
        ("3.10.0", Dialect::Keras2, "ZeroPadding1D", json!({"data_format": "channels_first"})),
        ("3.10.0", Dialect::Keras2, "CenterCrop", json!({"data_format": "channels_first"})),
        ("3.10.0", Dialect::Keras2, "Resizing", json!({"pad_to_aspect_ratio": true})),
        ("3.15.1", Dialect::Keras2, "MultiHeadAttention", json!({"use_gate": true})),
        ("2.15.0", Dialect::Keras3, "Conv1DTranspose", json!({"groups": 2})),
    ];
    for (version, dialect, class, config) in cases {
        let key = config.as_object().unwrap().keys().next().unwrap().clone();
        let (layer, report) = across(version, dialect, class, config);
        assert_eq!(layer["config"].get(&key), None, "{class}");
        let want = Change::ValueChange { key, effect: Effect::MissingSetting };
        assert_eq!(places(&report, |change| *change == want), ["l"], "{class}: {report}");
        report.check(Policy::default()).unwrap_err();
    }
}

#[test]
fn settings_for_training_are_reported_and_left_out() {
    for (class, config) in [
        ("ConvLSTM1D", json!({"seed": 3})),
        ("RandomContrast", json!({"value_range": [0, 1]})),
        ("MultiHeadAttention", json!({"seed": 3})),
    ] {
        let key = config.as_object().unwrap().keys().next().unwrap().clone();
        let (_, report) = across("3.10.0", Dialect::Keras2, class, config);
        let is_it = |change: &Change| *change == Change::Dropped { key: key.clone() };
        assert_eq!(places(&report, is_it), ["l"], "{report}");
        assert_eq!(worst(&report), Some(Level::Info));
    }
}

#[test]
fn settings_of_newest_keras_are_kept_and_reported() {
    let config = json!({"num_heads": 1, "key_dim": 2, "use_gate": true});
    let (layer, report) = across("3.15.1", Dialect::Keras3, "MultiHeadAttention", config);
    assert_eq!(layer["config"]["use_gate"], true);
    let (key, version) = ("use_gate".to_owned(), "Keras 3.15".to_owned());
    let want = Change::Requires { key, version };
    assert_eq!(places(&report, |change| *change == want), ["l"], "{report}");
}

#[test]
fn classes_that_target_lacks_are_unsupported() {
    for (version, dialect, class) in [
        ("3.10.0", Dialect::Keras2, "RMSNormalization"),
        ("2.15.0", Dialect::Keras3, "LocallyConnected1D"),
        ("2.15.0", Dialect::Keras3, "RandomHeight"),
        ("2.15.0", Dialect::Keras3, "TFOpLambda"),
    ] {
        let (_, report) = across(version, dialect, class, json!({}));
        let want = Change::UnknownClass { class_name: class.to_owned() };
        assert_eq!(places(&report, |change| *change == want), ["l"], "{class}: {report}");
    }
    let (_, report) =
        across("3.10.0", Dialect::Keras2, "Activation", json!({"activation": "hard_silu"}));
    assert_eq!(worst(&report), Some(Level::Unsupported), "{report}");
    for dialect in [Dialect::Keras2, Dialect::Keras3] {
        let (_, report) = from_js(dialect, "Dense", json!({"units": 1, "activation": "gelu_new"}));
        assert_eq!(worst(&report), Some(Level::Unsupported), "{report}");
    }
}

#[test]
fn classes_of_keras_are_not_reported_to_keras() {
    for class in ["Conv1DTranspose", "GroupNormalization", "UnitNormalization", "EinsumDense"] {
        for dialect in [Dialect::Keras2, Dialect::Keras3] {
            let (_, report) = across("3.10.0", dialect, class, json!({}));
            report.check(Policy { strict: true, force: false }).unwrap();
        }
    }
    let (layer, report) = across("3.10.0", Dialect::Keras3, "Mine", json!({"anything": 1}));
    assert_eq!(layer["config"]["anything"], 1);
    assert_eq!(worst(&report), Some(Level::Warning), "{report}");
}

#[test]
fn floats_that_keras_2_cannot_hash_are_unsupported() {
    let is_it = |change: &Change| matches!(change, Change::CannotRun { .. });
    let (_, report) = across("3.10.0", Dialect::Keras2, "Hashing", json!({"num_bins": 3}));
    assert_eq!(places(&report, is_it), ["l"], "{report}");
    let (_, report) = across("3.10.0", Dialect::Keras3, "Hashing", json!({"num_bins": 3}));
    assert!(places(&report, is_it).is_empty(), "{report}");
}

#[test]
fn lambda_code_is_wrapped_for_either_keras() {
    let code = json!(["4wEA\n", null, null]);
    let of_2 = json!({"function": code, "function_type": "lambda", "module": "__main__",
        "output_shape": null, "output_shape_type": "raw", "output_shape_module": null,
        "arguments": {}});
    let of_3 = json!({"class_name": "__lambda__",
        "config": {"code": "4wEA\n", "defaults": null, "closure": null}});
    let (layer, _) = across("2.15.0", Dialect::Keras3, "Lambda", of_2);
    assert_eq!(layer["config"]["function"], of_3);
    assert_eq!(layer["config"].get("function_type"), None);
    let config = json!({"function": of_3, "arguments": {}});
    let (layer, report) = across("3.10.0", Dialect::Keras2, "Lambda", config);
    assert_eq!(layer["config"]["function"], code);
    assert_eq!(layer["config"]["function_type"], "lambda");
    assert_eq!(layer["config"]["output_shape_type"], "raw");
    assert_eq!(worst(&report), Some(Level::Warning), "{report}");
}

#[test]
fn rnn_of_one_cell_loses_the_keys_of_its_cell() {
    for class in ["LSTMCell", "GRUCell", "SimpleRNNCell"] {
        let initializer = json!({"class_name": "Zeros", "config": {}});
        let own = json!({"units": 3, "dropout": 0, "activation": "tanh",
            "bias_initializer": initializer});
        let mut cell = json!({"class_name": class, "config": own});
        cell["config"]["name"] = json!("c");
        if class != "SimpleRNNCell" {
            cell["config"]["recurrent_activation"] = json!("sigmoid");
        }
        let mut config = own;
        config["return_sequences"] = json!(true);
        config["cell"] = cell;
        for dialect in [Dialect::Keras2, Dialect::Keras3] {
            let (layer, report) = from_js(dialect, "RNN", config.clone());
            let mut keys: Vec<&String> = layer["config"].as_object().unwrap().keys().collect();
            keys.sort();
            assert_eq!(keys, ["cell", "name", "return_sequences"], "{class}");
            assert_eq!(layer["config"]["cell"]["config"]["units"], 3);
            let is_hidden = |change: &Change| matches!(change, Change::Dropped { .. });
            assert!(places(&report, is_hidden).is_empty(), "{report}");
        }
    }
}

#[test]
fn keys_that_tensorflow_js_alone_saves_are_left_out() {
    let config = json!({"rate": 0.2, "noise_shape": null, "seed": null, "trainable": true});
    let (layer, _) = from_js(Dialect::Keras3, "SpatialDropout1D", config);
    assert_eq!(layer["config"], json!({"rate": 0.2, "seed": null, "name": "l"}));
    for dialect in [Dialect::Keras2, Dialect::Keras3] {
        let (layer, report) = from_js(dialect, "Reshape", json!({"target_shape": [2, null]}));
        assert_eq!(layer["config"]["target_shape"], json!([2, -1]));
        let is_it = |change: &Change| matches!(change, Change::Rewritten { .. });
        assert_eq!(places(&report, is_it), ["l"]);
    }
}

#[test]
fn depth_multiplier_comes_from_the_kernel() {
    let config = json!({"name": "l", "filters": 3, "kernel_size": [3, 3], "use_bias": false});
    let inner = json!({"class_name": "SeparableConv2D", "config": config});
    let wrapped = json!({"class_name": "TimeDistributed", "config": {"name": "t", "layer": inner}});
    for (topology, at) in [(inner, "l"), (wrapped, "t")] {
        let (mut model, mut report) = back(&sequential(topology), Dialect::Keras2);
        let kernels = [format!("{at}/depthwise_kernel"), format!("{at}/pointwise_kernel")];
        let weights: [(&str, &[u64]); 2] =
            [(&kernels[0], &[3, 3, 2, 2]), (&kernels[1], &[1, 1, 4, 3])];
        model.set_depth_multipliers(&weights, &mut report).unwrap();
        assert_eq!(layer(&model.config, "l")["config"]["depth_multiplier"], 2);
        let (key, from, to) = ("depth_multiplier".to_owned(), "unset".to_owned(), "2".to_owned());
        let want = Change::Rewritten { key, from, to };
        assert_eq!(places(&report, |change| *change == want), [at]);
    }
}

#[test]
fn relu_with_a_threshold_goes_there_and_back() {
    for version in ["2.15.0", "3.10.0"] {
        let config =
            json!({"name": "l", "max_value": null, "negative_slope": 0.0, "threshold": 0.5});
        let source = sequential(json!({"class_name": "ReLU", "config": config}));
        let (tfjs, report) = convert(&source.to_string(), Some(version), None);
        report.check(Policy { strict: true, force: false }).unwrap();
        let there = layer(&tfjs.topology, "l");
        assert_eq!(there["class_name"], "ThresholdedReLU");
        assert_eq!(there["config"], json!({"name": "l", "theta": 0.5}));
        let (again, _) = back(&tfjs.topology, Dialect::Keras3);
        assert_eq!(layer(&again.config, "l")["class_name"], "ReLU");
        assert_eq!(layer(&again.config, "l")["config"]["threshold"], 0.5);
    }
}

#[test]
fn other_precision_is_a_warning() {
    for policy in ["mixed_float16", "mixed_bfloat16", "float16", "float64"] {
        let config = json!({"name": "l", "units": 1,
            "dtype": {"class_name": "DTypePolicy", "config": {"name": policy}}});
        let source = sequential(json!({"class_name": "Dense", "config": config}));
        let (_, report) = convert(&source.to_string(), Some("3.10.0"), None);
        assert_eq!(worst(&report), Some(Level::Warning), "{report}");
        report.check(Policy::default()).unwrap();
        report.check(Policy { strict: true, force: true }).unwrap_err();
    }
}
