//! The calls of a model, as TensorFlow.js counts them.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    super::{
        json::{Object, class, config, layers, name},
        nodes::{self, Kind, Reference},
    },
    order::Key,
};

/// A model, or what else holds layers, as a graph.
pub(super) struct Graph<'a> {
    pub(super) layers: Vec<&'a Object>,
    pub(super) inputs: Vec<Key>,
    pub(super) outputs: Vec<Key>,
    /// The inputs of each call of each layer, `None` where a reference leads nowhere.
    calls: Vec<Vec<Vec<Option<Key>>>>,
    places: HashMap<&'a str, usize>,
}

/// What stands for the input of a `Sequential` without an input layer.
const BEFORE: Key = (usize::MAX, 0, 0);

impl<'a> Graph<'a> {
    pub(super) fn of(model: &'a Object) -> Self {
        let layers: Vec<&Object> = layers(model).iter().filter_map(Value::as_object).collect();
        let places = layers.iter().enumerate().map(|(i, layer)| (name(layer), i)).collect();
        let mut graph =
            Self { layers, inputs: Vec::new(), outputs: Vec::new(), calls: Vec::new(), places };
        if class(model) == "Sequential" {
            graph.chain();
        } else if let Some(config) = config(model) {
            graph.connect(config);
        }
        graph
    }

    /// What the call that makes `key` takes.
    pub(super) fn inputs_of(&self, (layer, call, _): Key) -> &[Option<Key>] {
        let calls = self.calls.get(layer);
        calls.and_then(|calls| calls.get(call)).map_or(&[], Vec::as_slice)
    }

    /// The tensor that `reference` means where a nested model's calls are counted from `ahead`.
    pub(super) fn key(&self, reference: &Reference, ahead: impl Fn(Kind) -> i64) -> Option<Key> {
        let layer = *self.places.get(reference.layer.as_str())?;
        let kind = Kind::of(self.layers.get(layer)?);
        let call = reference.node.checked_sub(ahead(kind))?;
        Some((layer, usize::try_from(call).ok()?, usize::try_from(reference.tensor).ok()?))
    }

    fn chain(&mut self) {
        let mut last = BEFORE;
        for (i, layer) in self.layers.iter().enumerate() {
            if i == 0 && class(layer) == "InputLayer" {
                self.calls.push(Vec::new());
            } else {
                if i == 0 {
                    self.inputs.push(BEFORE);
                }
                self.calls.push(vec![vec![Some(last)]]);
            }
            last = (i, 0, 0);
            if self.inputs.is_empty() {
                self.inputs.push(last);
            }
        }
        self.outputs.push(last);
    }

    fn connect(&mut self, config: &Object) {
        let key = |reference: &Reference| self.key(reference, Kind::ahead_inbound);
        let ends = |name| {
            let references = nodes::in_lists(config.get(name).unwrap_or(&Value::Null));
            references.iter().filter_map(key).collect::<Vec<_>>()
        };
        let (inputs, outputs) = (ends("input_layers"), ends("output_layers"));
        let calls = self.layers.iter().map(|layer| {
            let calls = layer.get("inbound_nodes").and_then(Value::as_array);
            let calls = calls.into_iter().flatten();
            calls.map(|call| nodes::in_lists(call).iter().map(key).collect()).collect()
        });
        self.calls = calls.collect();
        (self.inputs, self.outputs) = (inputs, outputs);
    }
}
