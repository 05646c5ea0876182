//! Masks that a call passes by name, which TensorFlow.js does not take.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::{
    Dialect,
    calls_to_tfjs::is_operation,
    json::{Object, layers, name},
    nodes::{self, Reference},
};

/// The tensors that the masks of calls are computed from, by the models that the layer is in, its
/// name and its call.
pub(in super::super) type ExplicitMasks = HashMap<(Vec<String>, String, usize), Vec<Reference>>;

/// Adds those of one model, as Keras has it.
pub(in super::super) fn find(
    model: &Object,
    path: &[String],
    dialect: Dialect,
    found: &mut ExplicitMasks,
) {
    let named: HashMap<&str, &Object> = layers(model)
        .iter()
        .filter_map(Value::as_object)
        .map(|layer| (name(layer), layer))
        .collect();
    for (at, layer) in &named {
        let calls = layer.get("inbound_nodes").and_then(Value::as_array);
        for (i, call) in calls.into_iter().flatten().enumerate() {
            let masks = mask_argument(call);
            if !masks.is_empty() {
                let sources = sources(masks, &named, dialect);
                found.insert((path.to_vec(), (*at).to_owned(), i), sources);
            }
        }
    }
}

/// The tensors that are passed as `mask`.
fn mask_argument(call: &Value) -> Vec<Reference> {
    if nodes::is_keras3_call(call) {
        return nodes::in_keras3_arguments(call.pointer("/kwargs/mask").unwrap_or(&Value::Null));
    }
    let references = nodes::in_lists(call);
    let arguments =
        references.iter().filter_map(|reference| reference.kwargs.as_ref()?.get("mask"));
    arguments.flat_map(nodes::in_lists).collect()
}

/// What is not an operation any more, behind operations such as "not equal" and "or".
fn sources(
    masks: Vec<Reference>,
    named: &HashMap<&str, &Object>,
    dialect: Dialect,
) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = masks;
    while let Some(reference) = pending.pop() {
        if !seen.insert((reference.layer.clone(), reference.node, reference.tensor)) {
            continue;
        }
        let operation = named.get(reference.layer.as_str());
        match operation.filter(|layer| is_operation(layer, dialect)) {
            Some(operation) => {
                let calls = operation.get("inbound_nodes").and_then(Value::as_array);
                for call in calls.into_iter().flatten() {
                    if nodes::is_keras3_call(call) {
                        pending.extend(nodes::in_keras3_arguments(call));
                    } else {
                        let references = nodes::in_lists(call);
                        let arguments = references.iter().filter_map(|r| r.kwargs.as_ref());
                        pending.extend(arguments.flat_map(nodes::in_lists).collect::<Vec<_>>());
                        pending.extend(references);
                    }
                }
            }
            None => found.push(reference),
        }
    }
    found
}
