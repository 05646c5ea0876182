//! The code of a `Lambda` layer, which both generations of Keras keep alike and wrap differently.

use serde_json::{Value, json};

use super::{
    Dialect,
    json::{Object, text},
};

/// Wraps the function of a `Lambda` as `dialect` reads it.
pub(super) fn rewrite(config: &mut Object, dialect: Dialect) {
    match dialect {
        Dialect::Keras2 => to_keras2(config),
        Dialect::Keras3 => to_keras3(config),
    }
}

fn to_keras2(config: &mut Object) {
    if config.contains_key("function_type") {
        return;
    }
    let Some(function) = config.get("function") else { return };
    let settings = function.get("config");
    let (wrapped, kind, module) = match function.get("class_name").and_then(Value::as_str) {
        Some("__lambda__") => {
            let part = |key: &str| settings.and_then(|it| it.get(key)).cloned().unwrap_or_default();
            (json!([part("code"), part("defaults"), part("closure")]), "lambda", Value::Null)
        }
        Some("function") => {
            let module = function.get("module").cloned().unwrap_or_default();
            (settings.cloned().unwrap_or_default(), "function", module)
        }
        _ => return,
    };
    config.insert("function".to_owned(), wrapped);
    config.insert("function_type".to_owned(), json!(kind));
    config.insert("module".to_owned(), module);
    for (key, value) in [
        ("output_shape", Value::Null),
        ("output_shape_type", json!("raw")),
        ("output_shape_module", Value::Null),
        ("arguments", json!({})),
    ] {
        config.entry(key).or_insert(value);
    }
}

fn to_keras3(config: &mut Object) {
    let wrapped = match (text(config, "function_type"), config.get("function")) {
        ("lambda", Some(Value::Array(parts))) => {
            let part = |place: usize| parts.get(place).cloned().unwrap_or_default();
            json!({
                "class_name": "__lambda__",
                "config": {"code": part(0), "defaults": part(1), "closure": part(2)},
            })
        }
        ("function", Some(Value::String(name))) => json!({
            "module": config.get("module").cloned().unwrap_or_default(),
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }),
        _ => return,
    };
    config.insert("function".to_owned(), wrapped);
    for key in ["function_type", "module", "output_shape_type", "output_shape_module"] {
        config.shift_remove(key);
    }
}
