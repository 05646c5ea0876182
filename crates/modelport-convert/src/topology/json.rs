//! Short ways to look into a configuration, whatever is in it.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The string at `key`; empty when there is none.
pub(super) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether `key` is `true`.
pub(super) fn is_true(object: &Object, key: &str) -> bool {
    object.get(key) == Some(&Value::Bool(true))
}

/// Whether `key` is not `false`: what Keras has where nothing is said.
pub(super) fn is_not_false(object: &Object, key: &str) -> bool {
    object.get(key) != Some(&Value::Bool(false))
}

/// Whether `key` is a number other than `number`.
pub(super) fn is_other_than(object: &Object, key: &str, number: f64) -> bool {
    object.get(key).and_then(Value::as_f64).is_some_and(|value| value != number)
}

/// The class of a serialised object.
pub(super) fn class(object: &Object) -> &str {
    text(object, "class_name")
}

/// The configuration of a serialised object.
pub(super) fn config(object: &Object) -> Option<&Object> {
    object.get("config").and_then(Value::as_object)
}

/// The configuration of a serialised object, to change it.
pub(super) fn config_mut(object: &mut Object) -> Option<&mut Object> {
    object.get_mut("config").and_then(Value::as_object_mut)
}

/// The name of a layer: its own, or that of its configuration.
pub(super) fn name(layer: &Object) -> &str {
    match config(layer).map(|config| text(config, "name")) {
        Some(name) if !name.is_empty() => name,
        _ => text(layer, "name"),
    }
}

/// The layers of a model. The configuration of an old Sequential is the list itself.
pub(super) fn layers(model: &Object) -> &[Value] {
    match model.get("config") {
        Some(Value::Array(layers)) => layers,
        Some(Value::Object(config)) => {
            config.get("layers").and_then(Value::as_array).map_or(&[], Vec::as_slice)
        }
        _ => &[],
    }
}

/// The layers of a model, to change them.
pub(super) fn layers_mut(model: &mut Object) -> Option<&mut Vec<Value>> {
    match model.get_mut("config") {
        Some(Value::Array(layers)) => Some(layers),
        Some(Value::Object(config)) => config.get_mut("layers").and_then(Value::as_array_mut),
        _ => None,
    }
}

/// Whether an object is a model: something with layers.
pub(super) fn is_model(object: &Object) -> bool {
    match object.get("config") {
        Some(Value::Array(_)) => class(object) == "Sequential",
        Some(Value::Object(config)) => {
            matches!(class(object), "Sequential" | "Functional" | "Model")
                || (config.get("layers").is_some_and(Value::is_array)
                    && config.contains_key("output_layers"))
        }
        _ => false,
    }
}
