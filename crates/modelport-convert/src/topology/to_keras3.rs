//! A topology of TensorFlow.js in the words of Keras 3.

use io_core::{Error, Result};
use serde_json::{Value, json};

use super::{
    Dialect, calls_to_keras,
    json::{Object, class, config_mut, is_model, is_other_than, is_true, layers_mut, name},
    keras_defaults, keras_objects,
    keys::{self, Place, Target},
    lambda, nodes,
    to_keras::class_of_model,
};
use crate::report::{Change, Effect, Report};

/// Keys that Keras 3 takes from older files, and does not look at.
const IGNORED: &[&str] = &["batch_input_shape", "implementation", "input_length"];

/// Rewrites a model and all that it holds.
pub(super) fn model(model: &mut Object, target: Target, report: &mut Report) -> Result<()> {
    let class = class_of_model(model).to_owned();
    let module = match class.as_str() {
        "Sequential" => "keras",
        _ => "keras.src.models.functional",
    };
    calls(model)?;
    if class == "Sequential" {
        give_input(model);
    }
    for layer in layers_mut(model).into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(layer, target, report)?;
    }
    wrap(model, module, &class);
    Ok(())
}

fn layer(layer: &mut Object, target: Target, report: &mut Report) -> Result<()> {
    if is_model(layer) {
        return model(layer, target, report);
    }
    let at = name(layer).to_owned();
    keras_defaults::say(layer, &at, report);
    keras_defaults::check(target, layer, &at, report);
    let from = class(layer).to_owned();
    calls_to_keras::rewrite(layer, target.dialect);
    let Some(config) = config_mut(layer) else { return Ok(()) };
    let class = settings(target, &from, config, &at, report);
    keras_defaults::check_class(target, &class, &at, report);
    if keys::is_custom(target, &class) {
        // Keras finds these by what they are registered as, which the class alone is where it says
        // no module.
        keras_objects::rewrite_custom(config);
        return Ok(());
    }
    keys::fit(target, keys::Kind::Layer, &class, config, Place { at: &at, report });
    keras_objects::rewrite(target, config, &at, report);
    for (key, value) in config.iter_mut() {
        object(key, value, &at, report);
    }
    for key in ["layer", "cell", "backward_layer"] {
        if let Some(Value::Object(inner)) = config.get_mut(key) {
            self::layer(inner, target, report)?;
        }
    }
    let cells = config.get_mut("cells").and_then(Value::as_array_mut);
    for cell in cells.into_iter().flatten().filter_map(Value::as_object_mut) {
        self::layer(cell, target, report)?;
    }
    wrap(layer, "keras.layers", &class);
    Ok(())
}

/// Rewrites what is particular to a class; gives what the class is called.
fn settings(
    target: Target,
    class: &str,
    config: &mut Object,
    at: &str,
    report: &mut Report,
) -> String {
    if class == "InputLayer"
        && let Some(shape) = config.shift_remove("batch_input_shape")
    {
        config.shift_insert(0, "batch_shape".to_owned(), shape);
    }
    if is_true(config, "time_major") {
        let key = "time_major".to_owned();
        report.add_at(Change::ValueChange { key, effect: Effect::TimeMajor }, at);
    }
    config.shift_remove("time_major");
    for (key, wrong, problem) in [
        ("ragged", is_true(config, "ragged"), "its input is ragged"),
        ("renorm", is_true(config, "renorm"), "it renormalizes batches"),
        (
            "num_constants",
            is_other_than(config, "num_constants", 0.0),
            "it is called with constants",
        ),
    ] {
        config.shift_remove(key);
        if wrong {
            let (class_name, problem) = (class.to_owned(), problem.to_owned());
            report.add_at(Change::CannotRun { class_name, problem }, at);
        }
    }
    drop_keys(config, IGNORED, at, report);
    if config.get("unit_forget_bias") == Some(&Value::Null) {
        config.shift_remove("unit_forget_bias");
    }
    match class {
        "RNN" if config.contains_key("cell") => drop_keys(config, &["cells"], at, report),
        "Lambda" => lambda::rewrite(config, Dialect::Keras3),
        "BatchNormalization" => {
            if let Some(Value::Array(axes)) = config.get("axis")
                && let [axis] = axes.as_slice()
            {
                let axis = axis.clone();
                config.insert("axis".to_owned(), axis);
            }
        }
        // The shapes of its inputs, which Keras 3 finds when it is called.
        "MultiHeadAttention" => {
            for key in keras_defaults::ATTENTION_SHAPES {
                config.shift_remove(key);
            }
        }
        "LeakyReLU" => {
            if let Some(alpha) = config.shift_remove("alpha") {
                config.insert("negative_slope".to_owned(), alpha);
            }
        }
        // Keras 3 dropped the class, and has what it did.
        "ThresholdedReLU" => {
            let theta = config.shift_remove("theta").unwrap_or(json!(1.0));
            config.insert("threshold".to_owned(), theta);
            // Keras 3 itself has no such class, so that the file had this one.
            if target.writer != Some(Dialect::Keras3) {
                let (key, from) = ("class_name".to_owned(), class.to_owned());
                report.add_at(Change::Rewritten { key, from, to: "ReLU".to_owned() }, at);
            }
            return "ReLU".to_owned();
        }
        _ => {}
    }
    class.to_owned()
}

/// An initializer, a regularizer, a constraint or an activation.
fn object(key: &str, value: &mut Value, at: &str, report: &mut Report) {
    if key.ends_with("activation") {
        if value.as_str() == Some("hard_sigmoid") {
            let key = key.to_owned();
            report.add_at(Change::ValueChange { key, effect: Effect::HardSigmoid }, at);
        }
    } else if key.ends_with("initializer") {
        wrap_object(value, "keras.initializers");
    } else if key.ends_with("regularizer") {
        wrap_object(value, "keras.regularizers");
    } else if key.ends_with("constraint") {
        wrap_object(value, "keras.constraints");
    }
}

fn wrap_object(value: &mut Value, module: &str) {
    if let Value::Object(object) = value {
        let class = class(object).to_owned();
        wrap(object, module, &class);
    }
}

/// Adds what every object of Keras 3 says about its class.
fn wrap(object: &mut Object, module: &str, class: &str) {
    for key in ["module", "class_name", "registered_name"] {
        object.shift_remove(key);
    }
    object.shift_insert(0, "module".to_owned(), json!(module));
    object.shift_insert(1, "class_name".to_owned(), json!(class));
    let registered = (class == "Functional").then_some(class);
    object.insert("registered_name".to_owned(), json!(registered));
}

/// Keras 3 does not count the construction of a nested model among its calls.
fn calls(model: &mut Object) -> Result<()> {
    let kinds = nodes::kinds(super::json::layers(model));
    let kind = |name: &str| kinds.get(name).copied().unwrap_or(nodes::Kind::Plain);
    let impossible = std::cell::RefCell::new(None);
    let subtract = |reference: &mut nodes::Reference, ahead: i64| match reference.node - ahead {
        node if node >= 0 && reference.node >= 0 => reference.node = node,
        _ => *impossible.borrow_mut() = Some(reference.layer.clone()),
    };
    nodes::change(
        model,
        &mut |reference| {
            let ahead = kind(&reference.layer).ahead_inbound();
            subtract(reference, ahead);
        },
        &mut |reference| {
            let ahead = kind(&reference.layer).ahead_in_outputs();
            subtract(reference, ahead);
        },
    );
    match impossible.into_inner() {
        None => Ok(()),
        Some(layer) => Err(Error::corrupt(format!(
            "the topology refers to a call of `{layer}` that cannot be"
        ))),
    }
}

/// Keras 3 has the shape of a Sequential in a layer of its own.
fn give_input(model: &mut Object) {
    let Some(layers) = layers_mut(model) else { return };
    let Some(Value::Object(first)) = layers.first() else { return };
    if class(first) == "InputLayer" {
        return;
    }
    let Some(config) = super::json::config(first) else { return };
    let Some(shape) = config.get("batch_input_shape").filter(|shape| shape.is_array()) else {
        return;
    };
    // Integer tokens go into an embedding whatever the type of its weights is.
    let dtype = match config.get("dtype") {
        Some(Value::String(dtype)) => dtype.as_str(),
        _ => "float32",
    };
    let input = json!({
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": shape,
            "dtype": dtype,
            "sparse": false,
            "name": format!("{}_input", name(first)),
        },
    });
    layers.insert(0, input);
}

/// Removes keys, and says so unless they said nothing.
fn drop_keys(config: &mut Object, keys: &[&str], at: &str, report: &mut Report) {
    for key in keys {
        let says = is_other_than(config, key, 1.0) || config.get(*key).is_some_and(is_something);
        config.shift_remove(*key);
        if says && *key != "batch_input_shape" {
            report.add_at(Change::Dropped { key: (*key).to_owned() }, at);
        }
    }
}

fn is_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false) | Value::Number(_))
}
