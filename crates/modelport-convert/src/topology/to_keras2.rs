//! A topology of TensorFlow.js in the words of Keras 2, of which it needs few.

use std::collections::HashSet;

use io_core::Result;
use serde_json::{Value, json};

use super::{
    calls_to_keras,
    json::{Object, class, config, config_mut, is_model, layers, layers_mut, name, text},
    keras_defaults, keras_objects,
    keys::{self, Kind, Place, Target},
    lambda,
    to_keras::class_of_model,
};
use crate::report::{Change, Report};

/// Rewrites a model and all that it holds.
pub(super) fn model(model: &mut Object, target: Target, report: &mut Report) -> Result<()> {
    let class = class_of_model(model).to_owned();
    model.insert("class_name".to_owned(), json!(class));
    check_hashed(model, report);
    for layer in layers_mut(model).into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(layer, target, report)?;
    }
    Ok(())
}

/// Reports layers that hash numbers with a fraction, which only Keras 3 does.
fn check_hashed(model: &Object, report: &mut Report) {
    let layers: Vec<&Object> = layers(model).iter().filter_map(Value::as_object).collect();
    let is_float = |layer: &Object| {
        let dtype = config(layer).map_or("", |config| text(config, "dtype"));
        class(layer) == "InputLayer" && (dtype.is_empty() || dtype.starts_with("float"))
    };
    let floats: HashSet<&str> =
        layers.iter().filter(|layer| is_float(layer)).map(|layer| name(layer)).collect();
    let mut before = None;
    for layer in layers {
        let is_fed = match layer.get("inbound_nodes") {
            Some(calls) => refers_to(calls, &floats),
            // The layers of a Sequential feed each other.
            None => before.is_some_and(|name| floats.contains(name)),
        };
        if is_fed && matches!(class(layer), "Hashing" | "HashedCrossing") {
            let class_name = class(layer).to_owned();
            let problem = "its input is of floating-point numbers".to_owned();
            report.add_at(Change::CannotRun { class_name, problem }, name(layer));
        }
        before = Some(name(layer));
    }
}

fn refers_to(calls: &Value, names: &HashSet<&str>) -> bool {
    match calls {
        Value::String(name) => names.contains(name.as_str()),
        Value::Array(items) => items.iter().any(|item| refers_to(item, names)),
        _ => false,
    }
}

fn layer(layer: &mut Object, target: Target, report: &mut Report) -> Result<()> {
    if is_model(layer) {
        return model(layer, target, report);
    }
    let (at, class) = (name(layer).to_owned(), class(layer).to_owned());
    keras_defaults::say(layer, &at, report);
    keras_defaults::check(target, layer, &at, report);
    keras_defaults::check_class(target, &class, &at, report);
    calls_to_keras::rewrite(layer, target.dialect);
    let Some(config) = config_mut(layer) else { return Ok(()) };
    // Keras 2 makes the cells twice and fails.
    if class == "RNN" && config.contains_key("cell") && config.shift_remove("cells").is_some() {
        report.add_at(Change::Dropped { key: "cells".to_owned() }, &at);
    }
    match class.as_str() {
        "Lambda" => lambda::rewrite(config, target.dialect),
        "MultiHeadAttention" => {
            // Without the keys it does not start; without their values it looks when it is called.
            for key in keras_defaults::ATTENTION_SHAPES {
                config.entry(key).or_insert(Value::Null);
            }
        }
        // Keras 3 has the type of other layers here, and these take their own alone.
        "HashedCrossing" | "Hashing" | "IntegerLookup" | "StringLookup" | "TextVectorization" => {
            config.shift_remove("dtype");
        }
        "LeakyReLU" => {
            if let Some(slope) = config.shift_remove("negative_slope") {
                config.insert("alpha".to_owned(), slope);
            }
        }
        _ => {}
    }
    if keys::is_custom(target, &class) {
        keras_objects::rewrite_custom(config);
        return Ok(());
    }
    keys::fit(target, Kind::Layer, &class, config, Place { at: &at, report });
    keras_objects::rewrite(target, config, &at, report);
    for key in ["layer", "cell", "backward_layer"] {
        if let Some(Value::Object(inner)) = config.get_mut(key) {
            self::layer(inner, target, report)?;
        }
    }
    let cells = config.get_mut("cells").and_then(Value::as_array_mut);
    for cell in cells.into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(cell, target, report)?;
    }
    Ok(())
}
