//! Calls between the layers of a model, as TensorFlow.js counts and lists them.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    Dialect,
    calls_to_keras::named_arguments,
    classes,
    json::{Object, class, config, config_mut, is_model, is_true, name, text},
    keys,
    nodes::{self, Kind, Reference},
    to_tfjs::Context,
};
use crate::report::{Change, Effect};

/// Arguments that TensorFlow.js finds out by itself.
const DROPPED_ARGUMENTS: &[&str] = &["mask", "training"];

/// Whether a layer of a model is an operation that TensorFlow.js has no layer for.
pub(super) fn is_foreign_operation(layer: &Object, dialect: Dialect) -> bool {
    is_operation(layer, dialect) && !is_like_layer(layer)
}

/// Whether each call of an operation of Keras 3 is what the layer of that name computes: of two
/// tensors of one rank, or of one along an axis, and nothing else.
fn is_like_layer(layer: &Object) -> bool {
    let rank = |tensor: &Value| {
        let is_tensor = class_of(tensor) == "__keras_tensor__";
        tensor.pointer("/config/shape").filter(|_| is_tensor)?.as_array().map(Vec::len)
    };
    let axis = config(layer).and_then(|config| config.get("axis"));
    let has_axis = axis.is_some_and(Value::is_number);
    let is_plain = |call: &Value| {
        let is_softmax = class(layer) == "Softmax";
        let one_rank = match call.get("args").and_then(Value::as_array).map(Vec::as_slice) {
            Some([one, two]) if !is_softmax => {
                rank(one).is_some_and(|first| rank(two) == Some(first))
            }
            Some([one]) if is_softmax => rank(one).is_some() && has_axis,
            _ => false,
        };
        one_rank && call.get("kwargs").and_then(Value::as_object).is_none_or(Map::is_empty)
    };
    let calls = layer.get("inbound_nodes").and_then(Value::as_array);
    matches!(class(layer), "Add" | "Maximum" | "Minimum" | "Multiply" | "Softmax")
        && calls.is_some_and(|calls| !calls.is_empty() && calls.iter().all(is_plain))
}

/// Whether a layer of a model is a call of an operation.
pub(super) fn is_operation(layer: &Object, dialect: Dialect) -> bool {
    let module = text(layer, "module");
    if !module.is_empty() {
        return ["keras.src.ops", "keras.ops"].iter().any(|ops| module.starts_with(ops));
    }
    classes::is_operation_of_keras2(class(layer))
        || (dialect.is_keras3() && has_no_layer_config(layer))
}

/// Whether a layer of an HDF5 file of Keras 3, which has no modules, is an operation: every layer of
/// Keras says whether it is trained, or in which type it computes.
fn has_no_layer_config(layer: &Object) -> bool {
    let class = class(layer);
    let is_own =
        class == "Lambda" || class.contains('>') || text(layer, "registered_name").contains('>');
    let may_be_layer =
        class == "InputLayer" || is_model(layer) || keys::is_layer(class, Dialect::Keras3);
    (!may_be_layer || classes::has_operation_of_same_name(class))
        && !is_own
        && config(layer).is_some_and(|config| {
            !config.contains_key("trainable") && !config.contains_key("dtype")
        })
}

/// The operations among the layers of a model that no layer stands for, by name.
pub(super) fn operations(model: &Object, dialect: Dialect) -> HashSet<String> {
    let layers = super::json::layers(model).iter().filter_map(Value::as_object);
    let operations = layers.filter(|layer| is_foreign_operation(layer, dialect));
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
            let is_operation = operations.contains(&at);
            let calls = layer.get_mut("inbound_nodes").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                if nodes::is_keras3_call(call) {
                    *call = arguments_to_list(context, &at, &class, call, is_operation);
                } else {
                    if !is_operation {
                        report_constants(context, &at, call, &|value| {
                            Reference::from_value(value).is_some()
                        });
                    }
                    for reference in nodes::in_lists(call) {
                        let arguments = reference.kwargs.as_ref().and_then(Value::as_object);
                        report_training(context, &at, &class, arguments);
                    }
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
fn arguments_to_list(
    context: &mut Context<'_>,
    at: &str,
    class: &str,
    call: &Value,
    is_operation: bool,
) -> Value {
    let positional = call.get("args").unwrap_or(&Value::Null);
    if !is_operation {
        report_constants(context, at, positional, &|value| class_of(value) == "__keras_tensor__");
    }
    let mut references = nodes::in_keras3_arguments(positional);
    let mut kept = Map::new();
    let named = named_arguments(class);
    let arguments = call.get("kwargs").and_then(Value::as_object);
    references.extend(named.iter().flat_map(|name| {
        let value = arguments.and_then(|arguments| arguments.get(*name));
        nodes::in_keras3_arguments(value.unwrap_or(&Value::Null))
    }));
    report_training(context, at, class, arguments);
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

/// Reports a call with anything but tensors among its positional arguments: TensorFlow.js calls
/// layers with tensors alone.
fn report_constants(
    context: &mut Context<'_>,
    at: &str,
    arguments: &Value,
    is_tensor: &dyn Fn(&Value) -> bool,
) {
    let mut pending = vec![arguments];
    while let Some(value) = pending.pop() {
        match value {
            _ if is_tensor(value) => {}
            Value::Null => {}
            Value::Array(items) if !is_constant_of_keras2(items) => pending.extend(items),
            Value::Object(items) if class_of(value).is_empty() => pending.extend(items.values()),
            _ => {
                let key = "call".to_owned();
                let change = Change::ValueChange { key, effect: Effect::ConstantArgument };
                context.report.add_at(change, at);
                return;
            }
        }
    }
}

fn class_of(value: &Value) -> &str {
    value.as_object().map_or("", class)
}

/// How Keras 2 writes a tensor of constants.
fn is_constant_of_keras2(items: &[Value]) -> bool {
    items.first().and_then(Value::as_str) == Some("_CONSTANT_VALUE")
}

/// Layers that compute something else in training.
const DIFFER_IN_TRAINING: &[&str] = &[
    "AlphaDropout",
    "BatchNormalization",
    "Bidirectional",
    "ConvLSTM2D",
    "Dropout",
    "Functional",
    "GRU",
    "GaussianDropout",
    "GaussianNoise",
    "LSTM",
    "Model",
    "RNN",
    "Sequential",
    "SimpleRNN",
    "SpatialDropout1D",
    "TimeDistributed",
];

/// Reports a call that is always as in training, such as a dropout that stays.
fn report_training(context: &mut Context<'_>, at: &str, class: &str, arguments: Option<&Object>) {
    let is_training = arguments.is_some_and(|arguments| is_true(arguments, "training"));
    if is_training && DIFFER_IN_TRAINING.contains(&class) {
        let change =
            Change::ValueChange { key: "training".to_owned(), effect: Effect::TrainingCall };
        context.report.add_at(change, at);
    }
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
