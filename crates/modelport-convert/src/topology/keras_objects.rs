//! Objects inside a layer's configuration, as Keras loads them: types, initializers, regularizers,
//! constraints and activations.

use serde_json::{Value, json};

use super::{
    classes,
    json::{Object, class, text},
    keys::{self, Kind, Known, Place, Target},
};
use crate::report::{Change, Report};

/// Rewrites every such object of `config`, the configuration of the layer `at`.
pub(super) fn rewrite(target: Target, config: &mut Object, at: &str, report: &mut Report) {
    for (key, value) in config.iter_mut() {
        let kind = match key.as_str() {
            "dtype" => {
                dtype(value);
                continue;
            }
            key if key.ends_with("initializer") => Kind::Initializer,
            key if key.ends_with("regularizer") => Kind::Regularizer,
            key if key.ends_with("constraint") => Kind::Constraint,
            "activation" | "recurrent_activation" => {
                activation(target, key, value, at, report);
                continue;
            }
            _ => continue,
        };
        if kind == Kind::Initializer {
            initializer(key, value, at, report);
        }
        keys::fit_object(target, kind, key, value, Place { at, report });
    }
}

/// Replaces a policy by its name, which is all that there is to it.
pub(super) fn dtype(value: &mut Value) {
    if let Some(name) = value.pointer("/config/name").filter(|name| name.is_string()) {
        *value = name.clone();
    }
}

/// TensorFlow.js spells the name of LeCun in its own way.
fn initializer(key: &str, value: &mut Value, at: &str, report: &mut Report) {
    let Value::Object(object) = value else { return };
    let from = class(object).to_owned();
    let to = match from.as_str() {
        "LeCunNormal" => "LecunNormal",
        "LeCunUniform" => "LecunUniform",
        _ => return,
    };
    object.insert("class_name".to_owned(), json!(to));
    let (key, to) = (key.to_owned(), to.to_owned());
    report.add_at(Change::Rewritten { key, from, to }, at);
}

/// Reports a function that the target does not have. One that no version of Keras has is the user's
/// own.
fn activation(target: Target, key: &str, value: &Value, at: &str, report: &mut Report) {
    let (name, is_function) = match value {
        Value::String(name) => (name.as_str(), true),
        Value::Object(object) if class(object) == "function" => (text(object, "config"), true),
        Value::Object(object) => (class(object), false),
        _ => return,
    };
    let known = match keys::known(Kind::Activation, name, target.dialect) {
        Known::Nowhere if classes::tfjs_activation(name) => Known::Elsewhere,
        known => known,
    };
    let name = name.to_owned();
    let change = match known {
        Known::Here if is_function => return,
        // A layer as an activation is in the words of the Keras that wrote it.
        _ if !is_function && target.writer == Some(target.dialect) => return,
        Known::Nowhere if is_function => Change::Custom { class_name: name },
        Known::HereAt(version) => Change::Requires { key: name, version: version.to_owned() },
        _ => Change::UnknownObject { key: key.to_owned(), name },
    };
    report.add_at(change, at);
}

/// The configuration of a custom class is copied; only the type has other words in Keras 2.
pub(super) fn rewrite_custom(config: &mut Object) {
    if let Some(value) = config.get_mut("dtype") {
        dtype(value);
    }
}
