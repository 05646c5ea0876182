//! Calls between layers, and the inputs and outputs of models.

use modelport_convert::topology::Dialect;
use serde_json::{Value, json};

use crate::support::{Model, back, convert, layer};

#[test]
fn b27_calls_of_nested_models_of_keras_3_count_their_construction() {
    let (model, _) = Model::read("k3-nested-output.keras").to_tfjs();
    let config = &model.topology["model_config"]["config"];
    // A Functional is counted already among the outputs, a Sequential is not.
    let outputs = [json!(["fun", 2, 1]), json!(["fun", 1, 1]), json!(["sq", 2, 0])];
    assert_eq!(config["output_layers"].as_array().unwrap()[..3], outputs);
    assert_eq!(layer(config, "sq")["inbound_nodes"][1], json!([["fun", 2, 0, {}]]));
    assert_eq!(layer(config, "o")["inbound_nodes"], json!([[["fun", 2, 0, {}]]]));
    // A plain layer is counted from 0 everywhere.
    assert_eq!(layer(config, "f1")["inbound_nodes"], json!([[["ii", 0, 0, {}]]]));
}

#[test]
fn b27_the_count_comes_back_in_both_dialects() {
    for name in ["k3-nested-output.keras", "k3-nested-shared.keras", "k2-nested.h5"] {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        let ends = |config: &Value| {
            let config = &config["config"];
            (config["input_layers"].clone(), config["output_layers"].clone())
        };
        let (keras2, _) = back(&model.topology, Dialect::Keras2);
        assert_eq!(ends(&keras2.config), ends(&model.topology["model_config"]), "{name}");
        let (keras3, _) = back(&model.topology, Dialect::Keras3);
        if name.starts_with("k3") {
            assert_eq!(ends(&keras3.config), ends(&source.0["model_config"]), "{name}");
        }
        // Read again as what Keras 3 would save, it is the same as before.
        let (again, _) = convert(&keras3.config.to_string(), Some("3.10.0"), None);
        assert_eq!(ends(&again.topology["model_config"]), ends(&model.topology["model_config"]));
        let calls = |config: &Value, name| layer(config, name)["inbound_nodes"].clone();
        for name in ["tower", "avg", "head", "fun", "sq", "encoder"] {
            let has = model.topology.to_string().contains(&format!("\"name\":\"{name}\""));
            if has {
                assert_eq!(calls(&again.topology, name), calls(&model.topology, name));
            }
        }
    }
}

#[test]
fn b28_inputs_and_outputs_may_be_a_bare_triple_or_a_dictionary() {
    for ends in [json!(["a", 0, 0]), json!([["a", 0, 0]]), json!({"key": ["a", 0, 0]})] {
        let config = json!({"class_name": "Functional", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "name": "a", "inbound_nodes": [],
             "config": {"batch_shape": [null, 1], "dtype": "float32", "name": "a"}},
        ], "input_layers": ends, "output_layers": ends}});
        let (model, _) = convert(&config.to_string(), Some("3.10.0"), None);
        let config = &model.topology["model_config"]["config"];
        assert_eq!(config["input_layers"], json!([["a", 0, 0]]));
        assert_eq!(config["output_layers"], json!([["a", 0, 0]]));
    }
}

fn tensor(layer: &str) -> Value {
    json!({"class_name": "__keras_tensor__",
           "config": {"shape": [null, 2], "dtype": "float32", "keras_history": [layer, 0, 0]}})
}

fn with_operation(class: &str, output: &str) -> Value {
    let input = |name: &str| {
        json!({"module": "keras.layers", "class_name": "InputLayer", "name": name,
               "config": {"batch_shape": [null, 2], "dtype": "float32", "name": name},
               "registered_name": null, "inbound_nodes": []})
    };
    json!({"module": "keras.src.models.functional", "class_name": "Functional", "config": {
        "name": "m", "layers": [
            input("x"),
            {"module": "keras.src.ops.numpy", "class_name": class, "name": "op",
             "config": {"name": "op"}, "registered_name": class,
             "inbound_nodes": [{"args": [tensor("x"), 0], "kwargs": {}}]},
            {"module": "keras.layers", "class_name": "LSTM", "name": "r",
             "config": {"name": "r", "units": 1, "recurrent_activation": "sigmoid"},
             "registered_name": null,
             "inbound_nodes": [{"args": [tensor("x")],
                                "kwargs": {"mask": tensor("op"), "training": false,
                                           "initial_state": [tensor("x"), tensor("x")]}}]},
        ], "input_layers": [["x", 0, 0]], "output_layers": [[output, 0, 0]]}})
}

/// The layers that the tensors of a list come from.
fn in_keras3(tensors: &Value) -> Vec<&str> {
    let tensors = tensors.as_array().unwrap().iter();
    tensors.map(|tensor| tensor["config"]["keras_history"][0].as_str().unwrap()).collect()
}

#[test]
fn b32_the_tensors_of_an_attention_keep_their_roles() {
    let input = |name: &str| {
        json!({"module": "keras.layers", "class_name": "InputLayer", "name": name,
               "config": {"batch_shape": [null, 4, 2], "dtype": "float32", "name": name},
               "registered_name": null, "inbound_nodes": []})
    };
    let model = |call: Value| {
        json!({"module": "keras.src.models.functional", "class_name": "Functional", "config": {
            "name": "m", "layers": [
                input("q"), input("v"), input("k"),
                {"module": "keras.layers", "class_name": "MultiHeadAttention", "name": "a",
                 "config": {"name": "a", "num_heads": 1, "key_dim": 2, "seed": null},
                 "registered_name": null, "inbound_nodes": [call]},
            ], "input_layers": [["q", 0, 0], ["v", 0, 0], ["k", 0, 0]],
            "output_layers": [["a", 0, 0]]}})
    };
    let by_position = json!({"args": [tensor("q"), tensor("v"), tensor("k")], "kwargs": {}});
    let by_name = json!({"args": [tensor("q")], "kwargs": {"key": tensor("k"),
        "use_causal_mask": true, "value": tensor("v")}});
    for (call, others) in [(by_position, json!({})), (by_name, json!({"use_causal_mask": true}))] {
        let (tfjs, _) = convert(&model(call).to_string(), None, None);
        let config = &tfjs.topology["model_config"]["config"];
        let listed = json!([[["q", 0, 0, others], ["v", 0, 0, {}], ["k", 0, 0, {}]]]);
        assert_eq!(layer(config, "a")["inbound_nodes"], listed);

        let mut named = others.as_object().unwrap().clone();
        named.insert("value".to_owned(), json!(["v", 0, 0]));
        named.insert("key".to_owned(), json!(["k", 0, 0]));
        let (keras2, _) = back(&tfjs.topology, Dialect::Keras2);
        let attention = layer(&keras2.config["config"], "a");
        assert_eq!(attention["inbound_nodes"], json!([[["q", 0, 0, named]]]));
        assert_eq!(attention["config"]["query_shape"], json!(null));
        assert_eq!(attention["config"].get("seed"), None);

        // What Keras 2 wrote goes to Keras 3, too.
        for source in [&tfjs.topology, &json!({"model_config": keras2.config})] {
            let (keras3, _) = back(source, Dialect::Keras3);
            let attention = layer(&keras3.config["config"], "a");
            assert_eq!(attention["config"].get("query_shape"), None);
            let call = &attention["inbound_nodes"][0];
            assert_eq!(in_keras3(&call["args"]), ["q"]);
            let by_name = |name: &str| call["kwargs"][name]["config"]["keras_history"][0].clone();
            assert_eq!([by_name("value"), by_name("key")], ["v", "k"]);
            assert_eq!(call["kwargs"]["use_causal_mask"], others["use_causal_mask"]);
        }
    }
}

#[test]
fn b29_operations_that_make_masks_are_left_out() {
    let (model, report) = convert(&with_operation("NotEqual", "r").to_string(), None, None);
    let config = &model.topology["model_config"]["config"];
    assert_eq!(config["layers"].as_array().unwrap().len(), 2);
    // The state goes with the inputs.
    let calls = json!([[["x", 0, 0, {}], ["x", 0, 0, {}], ["x", 0, 0, {}]]]);
    assert_eq!(layer(config, "r")["inbound_nodes"], calls);
    // TensorFlow.js makes masks of embeddings alone.
    let error = report.check(Default::default()).unwrap_err().to_string();
    assert!(error.contains("`mask`") && error.contains("`r`"), "{error}");
    // And has its own name in Keras 3.
    let (keras3, report) = back(&model.topology, Dialect::Keras3);
    assert!(report.is_empty(), "{report}");
    let call = &layer(&keras3.config["config"], "r")["inbound_nodes"][0];
    assert_eq!(in_keras3(&call["args"]), ["x"]);
    assert_eq!(in_keras3(&call["kwargs"]["initial_state"]), ["x", "x"]);
    assert!(back(&model.topology, Dialect::Keras2).1.is_empty());
}

#[test]
fn b29_other_operations_are_refused_by_name() {
    let (_, report) = convert(&with_operation("Add", "op").to_string(), None, None);
    let error = report.check(Default::default()).unwrap_err().to_string();
    assert!(error.contains("`Add`") && error.contains("`op`"), "{error}");
    let layer = json!({"class_name": "TFOpLambda", "config": {"name": "tf.add"}, "name": "tf.add",
                       "inbound_nodes": [["x", 0, 0, {}]]});
    let config = json!({"class_name": "Functional", "config": {"name": "m", "layers": [layer],
        "input_layers": [], "output_layers": [["tf.add", 0, 0]]}});
    let (_, report) = convert(&config.to_string(), Some("2.15.0"), None);
    let error = report.check(Default::default()).unwrap_err().to_string();
    assert!(error.contains("`TFOpLambda`") && error.contains("`tf.add`"), "{error}");
}
