//! Calls between the layers of a model, as TensorFlow.js counts and lists them.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    Dialect,
    calls_to_keras::named_arguments,
    classes,
    json::{Object, class, config, config_mut, is_model, name, text},
    nodes::{self, Kind, Reference},
    to_tfjs::Context,
};
use crate::report::{Change, Effect};

/// Arguments that TensorFlow.js finds out by itself.
const DROPPED_ARGUMENTS: &[&str] = &["mask", "training"];

/// Whether a layer of a model is a call of an operation.
pub(super) fn is_operation(layer: &Object, dialect: Dialect) -> bool {
    let module = text(layer, "module");
    if !module.is_empty() {
        return ["keras.src.ops", "keras.ops"].iter().any(|ops| module.starts_with(ops));
    }
    classes::is_operation_of_keras2(class(layer))
        || (dialect.is_keras3() && has_no_layer_config(layer))
}

/// Whether a layer of an HDF5 file of Keras 3, which has no modules, is an operation: its class may
/// be called `Add` as well, but every layer of Keras says whether it is trained, or in which type.
fn has_no_layer_config(layer: &Object) -> bool {
    let is_own = class(layer).contains('>') || class(layer) == "InputLayer" || is_model(layer);
    !is_own
        && config(layer).is_some_and(|config| {
            !config.contains_key("trainable") && !config.contains_key("dtype")
        })
}

/// The operations among the layers of a model, by name.
pub(super) fn operations(model: &Object, dialect: Dialect) -> HashSet<String> {
    let layers = super::json::layers(model).iter().filter_map(Value::as_object);
    let operations = layers.filter(|layer| is_operation(layer, dialect));
    operations.map(|layer| name(layer).to_owned()).collect()
}

/// Rewrites the calls, the inputs and the outputs of `model`, and leaves out the operations whose
/// results were masks, which TensorFlow.js makes by itself.
pub(super) fn rewrite(context: &mut Context<'_>, model: &mut Object, operations: &HashSet<String>) {
    let kinds = nodes::kinds(super::json::layers(model));
    let Some(config) = config_mut(model) else { return };
    if let Some(Value::Array(layers)) = config.get_mut("layers") {
        for layer in layers.iter_mut().filter_map(Value::as_object_mut) {
            let (at, class) = (name(layer).to_owned(), class(layer).to_owned());
            let calls = layer.get_mut("inbound_nodes").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                if nodes::is_keras3_call(call) {
                    *call = arguments_to_list(context, &at, &class, call);
                } else {
                    list_to_list(call);
                }
            }
        }
    }
    for key in ["input_layers", "output_layers"] {
        if let Some(ends) = config.get_mut(key) {
            let references: Vec<_> =
                nodes::in_lists(ends).iter().map(Reference::to_value).collect();
            *ends = Value::Array(references);
        }
    }
    drop_unused(context, config, operations);
    if context.dialect.is_keras3() {
        let kind = |name: &str| kinds.get(name).copied().unwrap_or(Kind::Plain);
        nodes::change(
            model,
            &mut |reference| reference.node += kind(&reference.layer).ahead_inbound(),
            &mut |reference| reference.node += kind(&reference.layer).ahead_in_outputs(),
        );
    }
}

/// `{args, kwargs}` to a list of references.
fn arguments_to_list(context: &mut Context<'_>, at: &str, class: &str, call: &Value) -> Value {
    let mut references = nodes::in_keras3_arguments(call.get("args").unwrap_or(&Value::Null));
    let mut kept = Map::new();
    let named = named_arguments(class);
    let arguments = call.get("kwargs").and_then(Value::as_object);
    references.extend(named.iter().flat_map(|name| {
        let value = arguments.and_then(|arguments| arguments.get(*name));
        nodes::in_keras3_arguments(value.unwrap_or(&Value::Null))
    }));
    for (key, value) in arguments.into_iter().flatten() {
        if value.is_null() || DROPPED_ARGUMENTS.contains(&key.as_str()) {
            continue;
        }
        let tensors = nodes::in_keras3_arguments(value);
        if tensors.is_empty() {
            kept.insert(key.clone(), value.clone());
            continue;
        }
        if !named.contains(&key.as_str()) {
            let change = Change::ValueChange { key: key.clone(), effect: Effect::TensorArgument };
            context.report.add_at(change, at);
            references.extend(tensors);
        }
    }
    for reference in &mut references {
        reference.kwargs = Some(json!({}));
    }
    if let Some(first) = references.first_mut() {
        first.kwargs = Some(Value::Object(kept));
    }
    references.iter().map(Reference::to_value).collect()
}

/// A list may be a bare reference, or a dictionary of them, where a model is called so.
fn list_to_list(call: &mut Value) {
    let is_plain = call
        .as_array()
        .is_some_and(|items| items.iter().all(|item| Reference::from_value(item).is_some()));
    if !is_plain {
        *call = nodes::in_lists(call).iter().map(Reference::to_value).collect();
    }
}

/// Leaves out the operations that nothing needs any more; the others are reported.
fn drop_unused(context: &mut Context<'_>, config: &mut Object, operations: &HashSet<String>) {
    if operations.is_empty() {
        return;
    }
    let layers = config.get("layers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let inputs: HashMap<String, Vec<Reference>> = layers
        .iter()
        .filter_map(Value::as_object)
        .map(|layer| {
            let calls = layer.get("inbound_nodes").unwrap_or(&Value::Null);
            (name(layer).to_owned(), nodes::in_lists(calls))
        })
        .collect();
    let outputs = nodes::in_lists(config.get("output_layers").unwrap_or(&Value::Null));
    let mut used: HashSet<String> = HashSet::new();
    let layer_names = inputs.keys().filter(|name| !operations.contains(*name)).cloned();
    let mut pending: Vec<String> =
        layer_names.chain(outputs.into_iter().map(|reference| reference.layer)).collect();
    while let Some(name) = pending.pop() {
        let needs = inputs.get(&name).into_iter().flatten();
        let needs: Vec<String> = needs.map(|reference| reference.layer.clone()).collect();
        if used.insert(name) {
            pending.extend(needs);
        }
    }
    let Some(Value::Array(layers)) = config.get_mut("layers") else { return };
    layers.retain(|layer| {
        let Some(layer) = layer.as_object() else { return true };
        let at = name(layer);
        if !operations.contains(at) {
            return true;
        }
        let key = class(layer).to_owned();
        let stays = used.contains(at);
        context.report.add_at(
            if stays {
                Change::ValueChange { key, effect: Effect::Operation }
            } else {
                Change::Dropped { key }
            },
            at,
        );
        stays
    });
}
