//! Calls with several tensors where Keras wants each under a name of its own.
//!
//! TensorFlow.js has one list of tensors for a call. For most layers that list is one argument; for
//! those here it is several.

use serde_json::{Map, Value, json};

use super::{
    Dialect,
    json::{Object, class},
    nodes::Reference,
};

/// Rewrites the calls of one layer.
pub(super) fn rewrite(layer: &mut Object, dialect: Dialect) {
    let class = class(layer).to_owned();
    // Keras 2 takes the initial states from the list, too.
    if named_arguments(&class).is_empty() || (is_recurrent(&class) && !dialect.is_keras3()) {
        return;
    }
    let calls = layer.get_mut("inbound_nodes").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten() {
        let rewritten = match dialect {
            Dialect::Keras2 => split(&class, call, &plain).map(|(first, arguments)| {
                let kwargs = Some(Value::Object(arguments));
                json!([Reference { kwargs, ..first }.to_value()])
            }),
            Dialect::Keras3 => split(&class, call, &keras3)
                .map(|(first, arguments)| json!({"args": [keras3(&first)], "kwargs": arguments})),
        };
        if let Some(rewritten) = rewritten {
            *call = rewritten;
        }
    }
}

/// The arguments after the first that are tensors, in the order in which a list has them.
pub(super) fn named_arguments(class: &str) -> &'static [&'static str] {
    match class {
        "MultiHeadAttention" => &["value", "key"],
        _ if is_recurrent(class) => &["initial_state"],
        _ => &[],
    }
}

fn is_recurrent(class: &str) -> bool {
    matches!(class, "Bidirectional" | "ConvLSTM2D" | "GRU" | "LSTM" | "RNN" | "SimpleRNN")
}

/// The first tensor of a call and all other arguments, if there are tensors among these.
fn split(
    class: &str,
    call: &Value,
    write: &dyn Fn(&Reference) -> Value,
) -> Option<(Reference, Map<String, Value>)> {
    let references: Option<Vec<_>> = call.as_array()?.iter().map(Reference::from_value).collect();
    let mut references = references?.into_iter();
    let mut first = references.next()?;
    let mut arguments = match first.kwargs.take() {
        Some(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    };
    let mut found = false;
    for &name in named_arguments(class) {
        // Keras 2 has tensors by name already.
        let by_name = arguments.get(name).and_then(Reference::from_value);
        let value = match name {
            "initial_state" if references.len() > 0 => {
                Some(references.by_ref().map(|state| write(&state)).collect())
            }
            "initial_state" => None,
            _ => by_name.or_else(|| references.next()).map(|tensor| write(&tensor)),
        };
        if let Some(value) = value {
            found = true;
            arguments.insert(name.to_owned(), value);
        }
    }
    found.then_some((first, arguments))
}

fn plain(tensor: &Reference) -> Value {
    json!([tensor.layer, tensor.node, tensor.tensor])
}

/// Keras 3 writes the shape and the type here, and takes them from what is referred to.
fn keras3(tensor: &Reference) -> Value {
    json!({
        "class_name": "__keras_tensor__",
        "config": {
            "shape": [],
            "dtype": "float32",
            "keras_history": plain(tensor),
        },
    })
}
