//! One layer's configuration as its class in TensorFlow.js wants it.

use serde_json::Value;

use super::{
    json::{Object, config, is_other_than, is_true},
    options,
    to_tfjs::Context,
};

/// What Keras writes and TensorFlow.js has no use for.
const DROPPED: &[&str] = &["optional", "quantization_config", "lora_rank"];

/// Rewrites what is particular to the class of the layer `at`.
pub(super) fn rewrite(context: &mut Context<'_>, class: &str, at: &str, config: &mut Object) {
    for key in DROPPED {
        context.drop_key(config, key, at);
    }
    // Whether it matters depends on the masks of the model.
    if !is_true(config, "zero_output_for_mask") {
        context.drop_key(config, "zero_output_for_mask", at);
    }
    for change in options::of_layer(class, config) {
        context.report.add_at(change, at);
    }
    match class {
        "InputLayer" => {
            if let Some(shape) = config.shift_remove("batch_shape") {
                context.rewritten("batch_shape", "batch_input_shape", at);
                config.shift_insert(0, "batch_input_shape".to_owned(), shape);
            }
        }
        "LeakyReLU" => {
            if let Some(slope) = config.shift_remove("negative_slope") {
                context.rewritten("negative_slope", "alpha", at);
                config.insert("alpha".to_owned(), slope);
            }
        }
        "ThresholdedReLU" => {
            for key in ["max_value", "negative_slope"] {
                config.shift_remove(key);
            }
            if let Some(threshold) = config.shift_remove("threshold") {
                config.insert("theta".to_owned(), threshold);
            }
        }
        "SeparableConv2D" => {
            for key in ["kernel_initializer", "kernel_regularizer", "kernel_constraint"] {
                context.drop_key(config, key, at);
            }
        }
        "BatchNormalization" => context.drop_key(config, "synchronized", at),
        "LayerNormalization" => context.drop_key(config, "rms_scaling", at),
        "LSTM" | "GRU" | "LSTMCell" | "GRUCell" | "SimpleRNN" | "SimpleRNNCell" | "ConvLSTM2D"
        | "RNN" => context.drop_key(config, "seed", at),
        _ => {}
    }
}

/// Returns whether a `ReLU` has nothing but a threshold, which `ThresholdedReLU` has, too.
pub(super) fn is_thresholded(layer: &Object) -> bool {
    config(layer).is_some_and(|config| {
        is_other_than(config, "threshold", 0.0)
            && !is_other_than(config, "negative_slope", 0.0)
            && config.get("max_value").is_none_or(Value::is_null)
    })
}

/// Whether TensorFlow.js, which makes the backward layer from the forward one, gets this one.
pub(super) fn mirrors(forward: &Value, backward: &Value) -> bool {
    let configs = [forward, backward].map(|layer| layer.get("config").and_then(Value::as_object));
    let [Some(forward_config), Some(backward_config)] = configs else { return false };
    let same = |key: &str, value: &Value| match key {
        "name" | "seed" => true,
        "go_backwards" => Some(value) != backward_config.get(key),
        _ => backward_config.get(key).is_some_and(|other| same_object(value, other)),
    };
    forward.get("class_name") == backward.get("class_name")
        && forward_config.len() == backward_config.len()
        && forward_config.iter().all(|(key, value)| same(key, value))
}

/// Equal but for names, seeds and the numbers that Keras gives to shared objects.
fn same_object(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let ignored = |key: &str| matches!(key, "name" | "seed" | "shared_object_id");
            let count = |object: &Object| object.keys().filter(|key| !ignored(key)).count();
            count(one) == count(other)
                && one.iter().filter(|(key, _)| !ignored(key)).all(|(key, value)| {
                    other.get(key).is_some_and(|other| same_object(value, other))
                })
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_object(one, other))
        }
        _ => one == other,
    }
}
