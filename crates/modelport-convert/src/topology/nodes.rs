//! References between layers: calls, inputs and outputs of a model.

use serde_json::{Value, json};

use super::json::{Object, class, is_model, text};

/// One tensor: which output of which call of which layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    pub(super) layer: String,
    pub(super) node: i64,
    pub(super) tensor: i64,
    /// The arguments of the call, at the first tensor of each call.
    pub(super) kwargs: Option<Value>,
}

/// What a layer of a model is, for the count of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Functional,
    Sequential,
}

impl Kind {
    pub(super) fn of(layer: &Object) -> Self {
        match class(layer) {
            _ if !is_model(layer) => Self::Plain,
            "Sequential" => Self::Sequential,
            _ => Self::Functional,
        }
    }

    /// By how much Keras 2 and TensorFlow.js, which count the construction of a nested model as
    /// its call 0, are ahead of Keras 3 in the inbound nodes.
    pub(super) fn ahead_inbound(self) -> i64 {
        i64::from(self != Self::Plain)
    }

    /// The same among the inputs and outputs of a model, where Keras 3 counts the construction of
    /// a Functional, too.
    pub(super) fn ahead_in_outputs(self) -> i64 {
        i64::from(self == Self::Sequential)
    }
}

impl Reference {
    pub(super) fn to_value(&self) -> Value {
        match &self.kwargs {
            None => json!([self.layer, self.node, self.tensor]),
            Some(kwargs) => json!([self.layer, self.node, self.tensor, kwargs]),
        }
    }

    /// `[layer, node, tensor]` or `[layer, node, tensor, kwargs]`.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let (layer, rest) = match items.as_slice() {
            [Value::String(layer), rest @ ..] => (layer, rest),
            _ => return None,
        };
        let (node, tensor, kwargs) = match rest {
            [node, tensor] => (node, tensor, None),
            [node, tensor, kwargs] => (node, tensor, Some(kwargs.clone())),
            _ => return None,
        };
        let (node, tensor) = (node.as_i64()?, tensor.as_i64()?);
        Some(Self { layer: layer.clone(), node, tensor, kwargs })
    }
}

/// Every tensor in `value`, depth first: a list of references, a bare one, or a dictionary.
pub(super) fn in_lists(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, &mut found, &|value| Reference::from_value(value));
    found
}

/// Every `__keras_tensor__` in `value`, depth first.
pub(super) fn in_keras3_arguments(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, &mut found, &|value| {
        let object = value.as_object().filter(|object| class(object) == "__keras_tensor__")?;
        Reference::from_value(object.get("config")?.get("keras_history")?)
    });
    found
}

fn collect(value: &Value, found: &mut Vec<Reference>, read: &dyn Fn(&Value) -> Option<Reference>) {
    if let Some(reference) = read(value) {
        found.push(reference);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found, read)),
        Value::Object(items) => items.values().for_each(|item| collect(item, found, read)),
        _ => {}
    }
}

/// Whether one call of a layer is in the form of Keras 3.
pub(super) fn is_keras3_call(call: &Value) -> bool {
    call.as_object().is_some_and(|call| call.contains_key("args"))
}

/// Changes the references of a model in the form of lists: those of its layers' calls by
/// `inbound`, those of its inputs and outputs by `ends`.
pub(super) fn change(
    model: &mut Object,
    inbound: &mut dyn FnMut(&mut Reference),
    ends: &mut dyn FnMut(&mut Reference),
) {
    let Some(config) = super::json::config_mut(model) else { return };
    if let Some(Value::Array(layers)) = config.get_mut("layers") {
        for layer in layers {
            let calls = layer.get_mut("inbound_nodes").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                change_lists(call, inbound);
            }
        }
    }
    for key in ["input_layers", "output_layers"] {
        if let Some(list) = config.get_mut(key) {
            change_lists(list, ends);
        }
    }
}

fn change_lists(value: &mut Value, change: &mut dyn FnMut(&mut Reference)) {
    if let Some(mut reference) = Reference::from_value(value) {
        change(&mut reference);
        // Tensors among the arguments, such as an initial state.
        if let Some(kwargs) = &mut reference.kwargs {
            change_lists(kwargs, change);
        }
        *value = reference.to_value();
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change_lists(item, change)),
        Value::Object(items) => items.values_mut().for_each(|item| change_lists(item, change)),
        _ => {}
    }
}

/// The kind of each named layer of a model.
pub(super) fn kinds(layers: &[Value]) -> std::collections::HashMap<String, Kind> {
    let named = layers.iter().filter_map(Value::as_object).map(|layer| {
        let name = match text(layer, "name") {
            "" => super::json::name(layer),
            name => name,
        };
        (name.to_owned(), Kind::of(layer))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::{in_keras3_arguments, in_lists};
    use serde_json::json;

    fn names(found: Vec<super::Reference>) -> Vec<String> {
        found.into_iter().map(|reference| reference.layer).collect()
    }

    #[test]
    fn inputs_and_outputs_are_lists_bare_triples_or_dictionaries_28() {
        assert_eq!(names(in_lists(&json!([["a", 0, 0], ["b", 1, 0]]))), ["a", "b"]);
        assert_eq!(names(in_lists(&json!(["a", 0, 0]))), ["a"]);
        assert_eq!(names(in_lists(&json!({"x": ["a", 0, 0], "y": [["b", 0, 1]]}))), ["a", "b"]);
        assert!(in_lists(&json!(["a", "b", 7, null, {"c": 1}])).is_empty());
    }

    #[test]
    fn tensors_of_keras_3_are_found_at_any_depth() {
        let tensor = |name: &str| {
            json!({"class_name": "__keras_tensor__",
                   "config": {"shape": [null, 1], "keras_history": [name, 0, 0]}})
        };
        let arguments = json!([tensor("x"), [tensor("h"), {"k": tensor("c")}], 3]);
        assert_eq!(names(in_keras3_arguments(&arguments)), ["x", "h", "c"]);
    }
}
