//! A topology of TensorFlow.js in the words of Keras 2, of which it needs few.

use io_core::Result;
use serde_json::{Value, json};

use super::{
    Dialect, calls_to_keras,
    json::{Object, class, config_mut, is_model, layers_mut, name},
    keras_defaults,
    to_keras::class_of_model,
};
use crate::report::{Change, Report};

/// Rewrites a model and all that it holds.
pub(super) fn model(model: &mut Object, report: &mut Report) -> Result<()> {
    let class = class_of_model(model).to_owned();
    model.insert("class_name".to_owned(), json!(class));
    for layer in layers_mut(model).into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(layer, report)?;
    }
    Ok(())
}

fn layer(layer: &mut Object, report: &mut Report) -> Result<()> {
    if is_model(layer) {
        return model(layer, report);
    }
    let (at, class) = (name(layer).to_owned(), class(layer).to_owned());
    keras_defaults::say(layer);
    keras_defaults::check(layer, &at, report);
    calls_to_keras::rewrite(layer, Dialect::Keras2);
    let Some(config) = config_mut(layer) else { return Ok(()) };
    for (key, value) in config.iter_mut().filter(|(key, _)| key.ends_with("initializer")) {
        keras_defaults::initializer(key, value, &at, report);
    }
    // Keras 2 makes the cells twice and fails.
    if class == "RNN" && config.contains_key("cell") && config.shift_remove("cells").is_some() {
        report.add_at(Change::Dropped { key: "cells".to_owned() }, &at);
    }
    if class == "MultiHeadAttention" {
        // Without the keys it does not start; without their values it looks when it is called.
        for key in keras_defaults::ATTENTION_SHAPES {
            config.entry(key).or_insert(Value::Null);
        }
        if config.shift_remove("seed").is_some_and(|seed| !seed.is_null()) {
            report.add_at(Change::Dropped { key: "seed".to_owned() }, &at);
        }
    }
    for key in ["layer", "cell"] {
        if let Some(Value::Object(inner)) = config.get_mut(key) {
            self::layer(inner, report)?;
        }
    }
    let cells = config.get_mut("cells").and_then(Value::as_array_mut);
    for cell in cells.into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(cell, report)?;
    }
    Ok(())
}
