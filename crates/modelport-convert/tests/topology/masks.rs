//! Masks, and what else depends on how layers are connected.

use modelport_convert::report::{Change, Report};
use serde_json::{Value, json};

use crate::support::convert;

/// The versions of Keras; each has its own rules for masks.
const BOTH: [&str; 2] = ["2.15.0", "3.10.0"];

fn layer(class: &str, name: &str, mut config: Value, calls: Value) -> Value {
    config["name"] = json!(name);
    config["trainable"] = json!(true);
    config["dtype"] = json!("float32");
    json!({"class_name": class, "name": name, "config": config, "inbound_nodes": calls})
}

fn input(name: &str, shape: Value) -> Value {
    layer("InputLayer", name, json!({"batch_input_shape": shape}), json!([]))
}

fn tokens(name: &str) -> Value {
    input(name, json!([null, 6]))
}

/// Calls of a layer with the outputs of others.
fn with(inputs: &[&str]) -> Value {
    json!([inputs.iter().map(|name| json!([name, 0, 0, {}])).collect::<Vec<_>>()])
}

fn embedding(name: &str, of: &str) -> Value {
    let config = json!({"input_dim": 10, "output_dim": 3, "mask_zero": true});
    layer("Embedding", name, config, with(&[of]))
}

fn lstm(name: &str, inputs: &[&str], config: Value) -> Value {
    let mut all = json!({"units": 3, "recurrent_activation": "sigmoid"});
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    layer("LSTM", name, all, with(inputs))
}

fn model(name: &str, layers: Vec<Value>, inputs: &[&str], outputs: &[&str]) -> Value {
    let ends = |names: &[&str]| json!(names.iter().map(|n| json!([n, 0, 0])).collect::<Vec<_>>());
    json!({"class_name": "Functional", "name": name, "config": {"name": name, "trainable": true,
        "layers": layers, "input_layers": ends(inputs), "output_layers": ends(outputs)}})
}

/// The layers that are reported, with the machine name of the effect.
fn refused(model: &Value, version: &str) -> Vec<String> {
    let (_, report) = convert(&model.to_string(), Some(version), None);
    effects(&report)
}

fn effects(report: &Report) -> Vec<String> {
    let changes = report.entries().iter();
    let changes = changes.filter(|entry| matches!(entry.change, Change::ValueChange { .. }));
    let mut found: Vec<String> = changes
        .flat_map(|entry| {
            let effect = serde_json::to_value(entry).unwrap()["effect"].clone();
            entry.at.iter().map(move |at| format!("{at} {}", effect.as_str().unwrap()))
        })
        .collect();
    found.sort();
    found
}

/// One layer or two behind an embedding with a mask.
fn behind(layers: Vec<Value>) -> Value {
    let last = layers.last().unwrap()["name"].as_str().unwrap().to_owned();
    let all = [vec![tokens("t"), embedding("e", "t")], layers].concat();
    model("m", all, &["t"], &[last.as_str()])
}

fn chain(layers: &[(&str, Value)]) -> Value {
    let mut before = "e".to_owned();
    let mut all = Vec::new();
    for (i, (class, config)) in layers.iter().enumerate() {
        let name = format!("l{i}");
        all.push(match *class {
            "LSTM" => lstm(&name, &[&before], config.clone()),
            class => layer(class, &name, config.clone(), with(&[&before])),
        });
        before = name;
    }
    behind(all)
}

fn both_directions(sequences: bool) -> (&'static str, Value) {
    let inner = lstm("inner", &[], json!({"return_sequences": sequences}));
    ("Bidirectional", json!({"layer": inner, "merge_mode": "concat"}))
}

const NONE: [&str; 0] = [];

#[test]
fn mask_that_both_libraries_pass_on_is_not_reported() {
    let sequences = json!({"return_sequences": true});
    for version in BOTH {
        for layers in [
            vec![("LSTM", json!({}))],
            vec![("Dense", json!({"units": 3})), ("LSTM", json!({}))],
            vec![("LSTM", sequences.clone()), ("LSTM", json!({"go_backwards": true}))],
            // TensorFlow.js drops it, and takes the last one.
            vec![("LeakyReLU", json!({"alpha": 0.3})), ("LSTM", json!({}))],
            vec![
                (
                    "TimeDistributed",
                    json!({"layer": layer("Dense", "d", json!({"units": 3}), json!([]))}),
                ),
                ("LSTM", json!({})),
            ],
            vec![both_directions(false)],
            vec![("Flatten", json!({})), ("Dense", json!({"units": 3}))],
            vec![("GlobalMaxPooling1D", json!({}))],
        ] {
            assert_eq!(refused(&chain(&layers), version), NONE, "{version} {layers:?}");
        }
    }
}

#[test]
fn mask_that_keras_drops_before_a_recurrent_layer_is_refused() {
    for version in BOTH {
        for (class, config) in [
            ("Conv1D", json!({"filters": 3, "kernel_size": [2]})),
            ("Reshape", json!({"target_shape": [6, 3]})),
            ("Permute", json!({"dims": [2, 1]})),
            ("MaxPooling1D", json!({"pool_size": [2]})),
            ("AveragePooling1D", json!({"pool_size": [2]})),
        ] {
            let model = chain(&[(class, config), ("LSTM", json!({}))]);
            assert_eq!(refused(&model, version), ["l1 mask-kept"], "{version} {class}");
        }
        let model = chain(&[("Flatten", json!({})), ("Softmax", json!({"axis": -1}))]);
        assert_eq!(refused(&model, version), ["l1 mask-kept"]);
    }
}

#[test]
fn average_pooling_of_masked_steps_is_refused() {
    for version in BOTH {
        let pool = ("GlobalAveragePooling1D", json!({}));
        assert_eq!(refused(&chain(std::slice::from_ref(&pool)), version), ["l0 mask-averaged"]);
        let dense = ("Dense", json!({"units": 3}));
        assert_eq!(refused(&chain(&[dense, pool.clone()]), version), ["l1 mask-averaged"]);
        let dropped = ("Conv1D", json!({"filters": 3, "kernel_size": [2]}));
        assert_eq!(refused(&chain(&[dropped, pool]), version), NONE);
    }
}

#[test]
fn zeros_at_masked_steps_matter_only_where_they_are_used() {
    let dense = ("Dense", json!({"units": 3}));
    for version in BOTH {
        let both = both_directions(true);
        for after in [
            vec![],
            vec![dense.clone()],
            vec![("Flatten", json!({}))],
            vec![("GlobalMaxPooling1D", json!({}))],
        ] {
            let layers = [vec![both.clone()], after].concat();
            assert_eq!(refused(&chain(&layers), version), ["l0 masked-output"], "{layers:?}");
        }
        // The next one leaves these steps out.
        let layers = [both.clone(), dense.clone(), ("LSTM", json!({}))];
        assert_eq!(refused(&chain(&layers), version), NONE);
        let layers = [both, both_directions(false)];
        assert_eq!(refused(&chain(&layers), version), NONE);
        let zeros = json!({"return_sequences": true, "zero_output_for_mask": true});
        assert_eq!(refused(&chain(&[("LSTM", zeros)]), version), ["l0 masked-output"]);
    }
}

#[test]
fn merged_masks_are_compared_as_each_library_merges_them() {
    let merged = |class: &str, inputs: &[&str], user: Value| {
        let layers = vec![
            tokens("t"),
            tokens("u"),
            embedding("e", "t"),
            embedding("f", "u"),
            embedding("g", "t"),
            input("n", json!([null, 6, 3])),
            layer(class, "both", json!({"axis": -1}), with(inputs)),
            user,
        ];
        model("m", layers, &["t", "u", "n"], &["user"])
    };
    let recurrent = || lstm("user", &["both"], json!({}));
    for version in BOTH {
        // One axis too many, in TensorFlow.js.
        for class in ["Add", "Average"] {
            let found = refused(&merged(class, &["e", "f"], recurrent()), version);
            assert_eq!(found, ["user mask-mixed"], "{version} {class}");
        }
        let flat = layer("Flatten", "user", json!({}), with(&["both"]));
        assert_eq!(refused(&merged("Add", &["e", "f"], flat), version), NONE);
        // A mask that is missing between others.
        let three = merged("Add", &["n", "e", "n"], recurrent());
        assert!(refused(&three, version).contains(&"both mask-fails".to_owned()));
        // The same mask twice is that mask.
        assert_eq!(refused(&merged("Concatenate", &["e", "g"], recurrent()), version), NONE);
    }
    let different = merged("Concatenate", &["e", "f"], recurrent());
    assert_eq!(refused(&different, "2.15.0"), NONE);
    assert_eq!(refused(&different, "3.10.0"), ["user mask-mixed"]);
    // Keras 3 multiplies what is not masked.
    let one = merged("Multiply", &["n", "e"], recurrent());
    assert!(refused(&one, "3.10.0").contains(&"both masked-merge".to_owned()));
}

#[test]
fn mask_of_another_branch_is_refused_where_it_runs_before() {
    let layers = |first: &str, second: &str| {
        model(
            "m",
            vec![
                tokens("t"),
                embedding("e", "t"),
                lstm("masked", &["e"], json!({})),
                input("n", json!([null, 6, 3])),
                lstm("plain", &["n"], json!({})),
                layer("Concatenate", "both", json!({"axis": -1}), with(&[first, second])),
            ],
            &["t", "n"],
            &["both"],
        )
    };
    for version in BOTH {
        // TensorFlow.js executes the last input first.
        assert_eq!(refused(&layers("plain", "masked"), version), ["plain mask-kept"]);
        assert_eq!(refused(&layers("masked", "plain"), version), NONE);
    }
}

#[test]
fn initial_state_with_a_mask_is_refused() {
    let decoder = |masked: bool, again: bool| {
        let mut decoder = embedding("f", "u");
        decoder["config"]["mask_zero"] = json!(masked);
        let mut layers = vec![
            tokens("t"),
            tokens("u"),
            embedding("e", "t"),
            lstm("encoder", &["e"], json!({"return_state": true})),
            decoder,
        ];
        let mut decoder = lstm("decoder", &["f"], json!({"return_sequences": true}));
        decoder["inbound_nodes"] =
            json!([[["f", 0, 0, {}], ["encoder", 0, 1, {}], ["encoder", 0, 2, {}]]]);
        layers.push(decoder);
        if again {
            layers.push(lstm("again", &["decoder"], json!({})));
        }
        model("m", layers, &["t", "u"], &[if again { "again" } else { "decoder" }])
    };
    assert_eq!(refused(&decoder(true, false), "2.15.0"), ["decoder masked-state"]);
    // Keras 3 does not look for a mask there.
    assert_eq!(refused(&decoder(true, false), "3.10.0"), ["decoder mask-kept"]);
    let found = refused(&decoder(true, true), "2.15.0");
    assert!(found.contains(&"again state-kept".to_owned()), "{found:?}");
}

#[test]
fn mask_into_a_model_and_out_of_it_is_followed() {
    let outer = |inner: Value, after: Vec<Value>| {
        let last = after.last().unwrap_or(&inner)["name"].as_str().unwrap().to_owned();
        let mut inner = inner;
        inner["inbound_nodes"] = with(&["e"]);
        let layers = [vec![tokens("t"), embedding("e", "t"), inner], after].concat();
        let mut outer = model("m", layers, &["t"], &[last.as_str()]);
        // Keras 2 counts the construction of the model inside as its call 0.
        if last == "inner" {
            outer["config"]["output_layers"] = json!([["inner", 1, 0]]);
        }
        outer
    };
    let inside = |layers: Vec<Value>| {
        let last = layers.last().unwrap()["name"].as_str().unwrap().to_owned();
        let all = [vec![input("i", json!([null, 6, 3]))], layers].concat();
        model("inner", all, &["i"], &[last.as_str()])
    };
    let after = |user: Value| {
        let mut user = user;
        user["inbound_nodes"] = json!([[["inner", 1, 0, {}]]]);
        vec![user]
    };
    let dense = || layer("Dense", "d", json!({"units": 3}), with(&["i"]));
    let version = "2.15.0";
    assert_eq!(refused(&outer(inside(vec![lstm("r", &["i"], json!({}))]), vec![]), version), NONE);
    let pool = layer("GlobalAveragePooling1D", "p", json!({}), with(&["d"]));
    let pooled = outer(inside(vec![dense(), pool.clone()]), vec![]);
    assert_eq!(refused(&pooled, version), ["p mask-averaged"]);
    let pooled = outer(inside(vec![dense()]), after(pool));
    assert_eq!(refused(&pooled, version), ["p mask-averaged"]);
    let passed = outer(inside(vec![dense()]), after(lstm("r", &[], json!({}))));
    assert_eq!(refused(&passed, version), NONE);
    let conv = layer("Conv1D", "c", json!({"filters": 3, "kernel_size": [2]}), with(&["i"]));
    let dropped = outer(inside(vec![conv]), after(lstm("r", &[], json!({}))));
    assert_eq!(refused(&dropped, version), ["r mask-kept"]);
}

#[test]
fn models_inside_of_models_are_followed_within_a_bound() {
    let mut inner = model("m0", vec![input("i", json!([null, 3]))], &["i"], &["i"]);
    for depth in 1..20 {
        let below = format!("m{}", depth - 1);
        inner["inbound_nodes"] =
            json!([[["i", 0, 0, {}]], [[below, 1, 0, {}]], [[below, 2, 0, {}]]]);
        let mut outer =
            model(&format!("m{depth}"), vec![input("i", json!([null, 3])), inner], &["i"], &["i"]);
        outer["config"]["output_layers"] = json!([[below, 3, 0]]);
        inner = outer;
    }
    let source = modelport_convert::topology::KerasSource {
        model_config: &inner.to_string(),
        keras_version: Some("2.15.0"),
        training_config: None,
    };
    let error = modelport_convert::topology::to_tfjs(&source, &mut Report::new()).unwrap_err();
    assert_eq!(error.kind(), io_core::ErrorKind::Unsupported, "{error}");
}

#[test]
fn operations_of_keras_3_without_a_module_are_told_from_layers() {
    let tensor = |name: &str, shape: Value| {
        json!({"class_name": "__keras_tensor__",
               "config": {"shape": shape, "dtype": "float32", "keras_history": [name, 0, 0]}})
    };
    let called = |class: &str, config: Value, arguments: Value| {
        let call = json!([{"args": arguments, "kwargs": {}}]);
        let op =
            json!({"class_name": class, "name": "op", "config": config, "inbound_nodes": call});
        model(
            "m",
            vec![input("x", json!([null, 4])), input("y", json!([null, 4])), op],
            &["x", "y"],
            &["op"],
        )
    };
    let (x, y) = (tensor("x", json!([null, 4])), tensor("y", json!([null, 4])));
    let name = json!({"name": "op"});
    for (class, config, arguments) in [
        ("Multiply", name.clone(), json!([x, 2.0])),
        ("Maximum", name.clone(), json!([x, 0.0])),
        ("Add", name.clone(), json!([x, {"class_name": "__numpy__", "config": {"value": [1.0]}}])),
        ("Add", name.clone(), json!([x, tensor("y", json!([null, 1, 4]))])),
        ("Reshape", json!({"newshape": [-1, 2, 2]}), json!([x])),
        ("Average", json!({"axis": 1}), json!([x])),
        ("Silu", name.clone(), json!([x])),
    ] {
        let found = refused(&called(class, config, arguments), "3.10.0");
        assert_eq!(found, ["op operation"], "{class}");
    }
    assert_eq!(refused(&called("Add", name, json!([x, y])), "3.10.0"), NONE);
    // A layer says whether it is trained.
    let config = json!({"name": "op", "trainable": true, "dtype": "float32"});
    let found = refused(&called("Add", config.clone(), json!([[x, y]])), "3.10.0");
    assert_eq!(found, NONE);
    let constant = json!({"class_name": "__numpy__", "config": {"value": [1.0]}});
    let found = refused(&called("Add", config, json!([[x, constant]])), "3.10.0");
    assert_eq!(found, ["op constant-argument"]);
}

#[test]
fn calls_in_training_and_constants_of_keras_2_are_refused() {
    let called = |class: &str, config: Value, call: Value| {
        let layers = vec![input("x", json!([null, 4])), layer(class, "l", config, json!([call]))];
        refused(&model("m", layers, &["x"], &["l"]), "2.15.0")
    };
    let training = json!([["x", 0, 0, {"training": true}]]);
    assert_eq!(called("Dropout", json!({"rate": 0.5}), training), ["l training-call"]);
    let inference = json!([["x", 0, 0, {"training": false}]]);
    assert_eq!(called("Dropout", json!({"rate": 0.5}), inference), NONE);
    let constant = json!([["x", 0, 0, {}], ["_CONSTANT_VALUE", -1, [[1.0, 2.0]], {}]]);
    assert_eq!(called("Add", json!({}), constant), ["l constant-argument"]);
}

#[test]
fn rank_of_the_input_decides_about_normalization() {
    let normalized = |shape: Value, axis: Value| {
        let layers = vec![
            input("x", shape),
            layer("Activation", "a", json!({"activation": "relu"}), with(&["x"])),
            layer("BatchNormalization", "b", json!({"axis": axis}), with(&["a"])),
        ];
        refused(&model("m", layers, &["x"], &["b"]), "2.15.0")
    };
    assert_eq!(normalized(json!([null, 4, 4, 3]), json!([3])), NONE);
    assert_eq!(normalized(json!([null, 4]), json!([1])), NONE);
    assert_eq!(normalized(json!([null, 4, 4, 3]), json!([1])), ["b other-axis"]);
    assert_eq!(normalized(json!([null, 2, 4, 4, 3]), json!([4])), ["b input-rank"]);
}
