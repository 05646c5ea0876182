//! What a model computes in TensorFlow.js 4.22 that depends on how its layers are connected: masks,
//! initial states, and options whose meaning the rank of the input decides.
//!
//! Both libraries pass masks beside the tensors, but not alike. Keras gives each layer the mask of
//! its input, and drops it behind a layer that does not support masks. TensorFlow.js keeps the last
//! mask of all as an argument of every later call, in the order of its executor. So both are traced
//! through the whole model, and compared where a layer uses a mask.

mod explicit;
mod graph;
mod layers;
mod masks;
mod order;
mod paddings;
mod ranks;
mod tensor;

use std::collections::{HashMap, HashSet};

use io_core::{Error, ErrorKind, Result};

use self::{
    graph::Graph,
    masks::{Mask, Masks},
    order::{Key, execution_order},
    paddings::{Padding, Paddings},
    tensor::{Id, Outputs, Tensor},
};
use super::{
    Dialect,
    json::{Object, class, name},
    nodes::{Kind, Reference},
};
use crate::report::{Change, Effect, Report};

pub(super) use explicit::{ExplicitMasks, find as find_explicit_masks};

/// How many calls of layers are followed. Models inside of models multiply them; the largest of
/// `keras.applications` has 2,000.
const MAX_CALLS: usize = 100_000;

/// Reports what TensorFlow.js computes differently in `model`, which is in its form already.
///
/// # Errors
///
/// `Unsupported` when the model has too many calls.
pub(super) fn check(
    model: &Object,
    dialect: Dialect,
    explicit: &ExplicitMasks,
    report: &mut Report,
) -> Result<()> {
    let mut trace = Trace {
        dialect,
        explicit,
        masks: Masks::default(),
        paddings: Paddings::new(),
        next: 0,
        calls: 0,
        found: Vec::new(),
        known: HashSet::new(),
    };
    let graph = Graph::of(model);
    let inputs: Vec<Tensor> = graph
        .inputs
        .iter()
        .map(|&(layer, _, _)| trace.input(graph.layers.get(layer).or(graph.layers.first())))
        .collect();
    for output in trace.model(model, &inputs, &mut None, &mut Vec::new())? {
        trace.report_padding(output.padding, Mask::None);
    }
    for (change, at) in trace.found {
        report.add_at(change, &at);
    }
    Ok(())
}

/// The arguments that TensorFlow.js's executor carries from call to call.
#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    mask: Mask,
    /// Whether an initial state is among them.
    state: bool,
}

struct Trace<'a> {
    dialect: Dialect,
    explicit: &'a ExplicitMasks,
    masks: Masks,
    paddings: Paddings,
    next: usize,
    calls: usize,
    found: Vec<(Change, String)>,
    known: HashSet<(Change, String)>,
}

impl Trace<'_> {
    /// Follows one call of a model, and returns its outputs.
    fn model(
        &mut self,
        model: &Object,
        inputs: &[Tensor],
        carried: &mut Option<Carried>,
        path: &mut Vec<String>,
    ) -> Result<Vec<Tensor>> {
        let graph = Graph::of(model);
        let mut made: HashMap<(usize, usize), Outputs> = HashMap::new();
        for (&(layer, call, _), &tensor) in graph.inputs.iter().zip(inputs) {
            made.insert((layer, call), Outputs { list: vec![tensor], others: tensor });
        }
        let inputs_of = |key| graph.inputs_of(key).iter().flatten().copied().collect();
        let order = execution_order(graph.inputs.iter().copied(), &graph.outputs, &inputs_of);
        // A cycle is refused by both libraries.
        for key in order.unwrap_or_default() {
            let (layer_place, call, _) = key;
            let Some(layer) = graph.layers.get(layer_place) else { continue };
            self.calls += 1;
            if self.calls > MAX_CALLS {
                let message = format!("the model has more than {MAX_CALLS} calls of layers");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            if class(layer) == "InputLayer" {
                let input = self.input(Some(layer));
                made.entry((layer_place, call)).or_insert(Outputs::one(input));
                continue;
            }
            let inputs: Vec<Tensor> =
                graph.inputs_of(key).iter().map(|key| self.tensor(*key, &made)).collect();
            if inputs.iter().any(|input| input.tfjs != Mask::None) {
                let first = inputs.first().map_or(Mask::None, |input| input.tfjs);
                carried.get_or_insert_default().mask = first;
            }
            let explicit = self.explicit_mask(&graph, key, &inputs, &made, path);
            let site = layers::Site { at: name(layer), is_applied: true, explicit };
            let mut passed = carried.unwrap_or_default();
            let outputs = self.layer(site, layer, &inputs, &mut passed, path)?;
            // Arguments that the call made for itself end with it.
            if let Some(carried) = carried {
                *carried = passed;
            }
            // A layer is executed again for each of its outputs.
            made.entry((layer_place, call)).or_insert(outputs);
        }
        Ok(graph.outputs.iter().map(|&key| self.tensor(Some(key), &made)).collect())
    }

    fn tensor(&mut self, key: Option<Key>, made: &HashMap<(usize, usize), Outputs>) -> Tensor {
        let found = key.and_then(|(layer, call, output)| {
            made.get(&(layer, call)).map(|outputs| outputs.get(output))
        });
        found.unwrap_or_else(|| Tensor::unknown(self.id()))
    }

    /// The mask that the call `key` is given by name, if it is given one.
    fn explicit_mask(
        &mut self,
        graph: &Graph<'_>,
        key: Key,
        inputs: &[Tensor],
        made: &HashMap<(usize, usize), Outputs>,
        path: &[String],
    ) -> Option<Mask> {
        if self.explicit.is_empty() {
            return None;
        }
        let (layer, call, _) = key;
        let at = name(graph.layers.get(layer)?).to_owned();
        let references = self.explicit.get(&(path.to_vec(), at, call))?;
        let is_keras3 = self.dialect.is_keras3();
        let id = |reference: &Reference| {
            let ahead = |kind: Kind| if is_keras3 { 0 } else { kind.ahead_inbound() };
            let (layer, call, output) = graph.key(reference, ahead)?;
            Some(made.get(&(layer, call))?.get(output).id)
        };
        let passed: Option<HashSet<Id>> = references.iter().map(id).collect();
        let masks: Vec<Mask> = inputs.iter().map(|input| input.keras).collect();
        let first = masks.first().copied().unwrap_or_default();
        let own = masks.iter().flat_map(|&mask| self.masks.sources(mask)).collect();
        // Keras 3 writes the mask that a layer finds at its input, too.
        Some(if passed == Some(own) { first } else { self.masks.other() })
    }

    /// What goes into a model by this layer: an input layer, or one that says its input's shape.
    fn input(&mut self, layer: Option<&&Object>) -> Tensor {
        Tensor {
            id: self.id(),
            rank: layer.and_then(|layer| ranks::input(layer)),
            is_integer: layer.is_some_and(|layer| ranks::has_integers(layer)),
            keras: Mask::None,
            tfjs: Mask::None,
            padding: paddings::NONE,
        }
    }

    fn id(&mut self) -> Id {
        self.next += 1;
        (self.next, 0)
    }

    fn add(&mut self, at: &str, change: Change) {
        let entry = (change, at.to_owned());
        if self.known.insert(entry.clone()) {
            self.found.push(entry);
        }
    }

    /// Reports the layers whose masked steps are used now, unless `mask` leaves these out.
    fn report_padding(&mut self, padding: Padding, mask: Mask) {
        for origin in self.paddings.left_by(padding, mask) {
            self.differs(&origin.at, origin.effect);
        }
    }

    fn differs(&mut self, at: &str, effect: Effect) {
        self.add(at, Change::ValueChange { key: "mask".to_owned(), effect });
    }
}
