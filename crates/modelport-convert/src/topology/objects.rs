//! Objects inside a layer's configuration, as TensorFlow.js wants them: types, initializers,
//! regularizers, constraints and activations.

use serde_json::{Value, json};

use super::{
    classes,
    json::{Object, class, config, text},
    to_tfjs::Context,
};
use crate::report::{Change, Effect};

/// Rewrites every such object of `config`, the configuration of the layer `at`.
pub(super) fn rewrite(context: &mut Context<'_>, at: &str, config: &mut Object) {
    if let Some(dtype) = config.get_mut("dtype") {
        rewrite_dtype(context, at, dtype);
    }
    // For training only, and TensorFlow.js refuses to call a layer that has one.
    context.drop_key(config, "activity_regularizer", at);
    let mut absent = Vec::new();
    for (key, value) in config.iter_mut() {
        if value.is_null() {
            continue;
        }
        if key.ends_with("initializer") {
            if !rewrite_initializer(value) {
                absent.push((key.clone(), name_of(value)));
            }
        } else if key.ends_with("regularizer") {
            if !rewrite_regularizer(value) {
                absent.push((key.clone(), name_of(value)));
            }
        } else if key.ends_with("constraint") {
            match rewrite_constraint(value) {
                Some(constraint) => {
                    context.report.add_at(Change::Projected { constraint }, at);
                }
                None => absent.push((key.clone(), name_of(value))),
            }
        } else if key == "activation" || key == "recurrent_activation" {
            rewrite_activation(context, at, key, value);
        }
    }
    // Inference needs none of them, and TensorFlow.js has a default.
    for (key, name) in absent {
        config.shift_remove(&key);
        context.report.add_at(Change::UnknownObject { key, name }, at);
    }
}

/// A policy to the name of a type that TensorFlow.js has.
fn rewrite_dtype(context: &mut Context<'_>, at: &str, dtype: &mut Value) {
    let name = match &*dtype {
        Value::String(name) => name.clone(),
        Value::Object(policy) => match config(policy) {
            Some(config) if config.contains_key("name") => text(config, "name").to_owned(),
            // The default of a map of policies.
            _ => "float32".to_owned(),
        },
        _ => return,
    };
    let to = match name.as_str() {
        "float32" | "int32" | "bool" | "complex64" | "string" => name.as_str(),
        "int64" | "int16" | "int8" | "uint64" | "uint32" | "uint16" | "uint8" => "int32",
        _ => "float32",
    };
    if name.contains("_from_") {
        let key = format!("dtype {name}");
        context.report.add_at(Change::ValueChange { key, effect: Effect::QuantizedLayer }, at);
    } else if is_of_other_precision(&name) {
        let change = Change::Precision { from: name.clone(), to: to.to_owned() };
        context.report.add_at(change, at);
    } else if to != name {
        context.report.add_at(Change::Cast { from: name.clone(), to: to.to_owned() }, at);
    }
    *dtype = Value::String(to.to_owned());
}

/// Returns whether a policy computes in numbers of more or fewer bits than float32 has.
fn is_of_other_precision(policy: &str) -> bool {
    policy.contains("float") && policy != "float32"
}

/// Gives whether TensorFlow.js has it.
fn rewrite_initializer(value: &mut Value) -> bool {
    if let Value::String(name) = value {
        match name.as_str() {
            "lecun_normal" => "le_cun_normal".clone_into(name),
            "lecun_uniform" => "le_cun_uniform".clone_into(name),
            _ => {}
        }
        return true;
    }
    let Some(object) = plain(value) else { return false };
    let class = match class(object) {
        "LecunNormal" => "LeCunNormal",
        "LecunUniform" => "LeCunUniform",
        "OrthogonalInitializer" => "Orthogonal",
        "IdentityInitializer" => "Identity",
        other => other,
    }
    .to_owned();
    if !classes::tfjs_initializer(&class) {
        return false;
    }
    if let Some(Value::Object(config)) = object.get_mut("config") {
        // The value may be an array, of which TensorFlow.js makes nothing.
        if class == "Constant" && !config.get("value").is_some_and(Value::is_number) {
            return false;
        }
        if text(config, "distribution") == "untruncated_normal" {
            config.insert("distribution".to_owned(), json!("normal"));
        }
    }
    object.insert("class_name".to_owned(), Value::String(class));
    true
}

/// TensorFlow.js has one regularizer, `L1L2`.
fn rewrite_regularizer(value: &mut Value) -> bool {
    let (name, from) = match &*value {
        Value::String(name) => (name.as_str(), None),
        Value::Object(object) => (class(object), config(object)),
        _ => return false,
    };
    // What Keras has where nothing is said.
    let factor = |key| from.and_then(|config| config.get(key)).cloned().unwrap_or(json!(0.01));
    *value = match name {
        "L1L2" | "l1_l2" => return plain(value).is_some() || value.is_string(),
        "L1" | "l1" => json!({"class_name": "L1L2", "config": {"l1": factor("l1"), "l2": 0.0}}),
        "L2" | "l2" => json!({"class_name": "L1L2", "config": {"l1": 0.0, "l2": factor("l2")}}),
        _ => return false,
    };
    true
}

/// Gives the class when TensorFlow.js has it.
fn rewrite_constraint(value: &mut Value) -> Option<String> {
    if let Value::String(name) = value {
        return Some(name.clone());
    }
    let class = class(plain(value)?).to_owned();
    classes::tfjs_constraint(&class).then_some(class)
}

/// A function is its name; what is not a function of Keras is carried as it is.
fn rewrite_activation(context: &mut Context<'_>, at: &str, key: &str, value: &mut Value) {
    let name = match &*value {
        Value::String(name) => name.clone(),
        Value::Object(object) => match (class(object), object.get("config")) {
            ("function", Some(Value::String(name))) => name.clone(),
            _ => class(object).to_owned(),
        },
        _ => return,
    };
    let is_function = value.is_string() || value.get("class_name") == Some(&json!("function"));
    let word = if name == "silu" { "swish" } else { &name };
    if !is_function || !classes::tfjs_activation(word) {
        context.report.add_at(Change::UnknownObject { key: key.to_owned(), name }, at);
        return;
    }
    if word != name {
        let (key, to) = (key.to_owned(), word.to_owned());
        context.report.add_at(Change::Rewritten { key, from: name.clone(), to }, at);
    }
    if word == "hard_sigmoid" && context.dialect.is_keras3() {
        let change = Change::ValueChange { key: key.to_owned(), effect: Effect::HardSigmoid };
        context.report.add_at(change, at);
    }
    *value = Value::String(word.to_owned());
}

/// `{class_name, config}` without what else Keras adds.
fn plain(value: &mut Value) -> Option<&mut Object> {
    let object = value.as_object_mut()?;
    object.retain(|key, _| key == "class_name" || key == "config");
    Some(object)
}

fn name_of(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Object(object) => class(object).to_owned(),
        _ => "object".to_owned(),
    }
}
