//! Names that the target accepts, each of them once.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::{
    Dialect,
    json::{Object, config, config_mut, is_model, layers, layers_mut, name},
    nodes, variables,
};
use crate::report::{Change, Item, Report};

/// Renames the layers of a topology for TensorFlow.js: letters, digits, `.`, `_`, `-` and `/`, a
/// letter or digit first, and no name twice among layers with weights, however deep, since the
/// names of nested models are no part of the names of their weights.
pub(super) fn for_tfjs(topology: &mut Value, report: &mut Report) {
    let rules = Rules {
        allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'),
        first: |c| c.is_ascii_alphanumeric(),
        weights_are_global: true,
    };
    if let Value::Object(model) = topology {
        Renaming::new(rules, report).model(model);
    }
}

/// Renames the layers and the models of a topology for Keras, which makes scopes of TensorFlow of
/// them; Keras 3 refuses `/`.
pub(super) fn for_keras(topology: &mut Value, dialect: Dialect, report: &mut Report) {
    let rules = Rules {
        allowed: match dialect {
            Dialect::Keras2 => |c| is_scope(c) || c == '/',
            Dialect::Keras3 => is_scope,
        },
        first: |c| c.is_ascii_alphanumeric() || c == '.',
        weights_are_global: false,
    };
    let Value::Object(model) = topology else { return };
    let from = name(model).to_owned();
    let to = if from.is_empty() { from.clone() } else { rules.accepted(&from, "model") };
    if to != from {
        rename(model, &to);
        report.add_at(Change::Renamed { item: Item::Model, from: from.clone(), to }, &from);
    }
    Renaming::new(rules, report).model(model);
}

/// Whether the name of a scope of TensorFlow may have it.
fn is_scope(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '>')
}

/// What a target accepts.
#[derive(Clone, Copy)]
struct Rules {
    allowed: fn(char) -> bool,
    first: fn(char) -> bool,
    weights_are_global: bool,
}

impl Rules {
    /// `name` with `_` for what is not allowed, after `prefix` where it cannot begin so.
    fn accepted(self, name: &str, prefix: &str) -> String {
        let plain: String = name.chars().map(|c| if (self.allowed)(c) { c } else { '_' }).collect();
        match plain.chars().next() {
            Some(first) if (self.first)(first) => plain,
            _ => format!("{prefix}{plain}"),
        }
    }
}

struct Renaming<'a> {
    rules: Rules,
    /// The names of layers with weights, anywhere.
    taken: HashSet<String>,
    /// The numbers of those; the names of others begin anew in each model.
    next: Numbers,
    report: &'a mut Report,
}

/// The next number to try, by the name that it is to follow.
type Numbers = HashMap<String, u64>;

impl<'a> Renaming<'a> {
    fn new(rules: Rules, report: &'a mut Report) -> Self {
        Self { rules, taken: HashSet::new(), next: Numbers::new(), report }
    }

    fn model(&mut self, model: &mut Object) {
        let mut renames = HashMap::new();
        let mut next = Numbers::new();
        // A name that is fine stays, whatever others become.
        let names = layers(model).iter().filter_map(Value::as_object).map(name);
        let mut siblings: HashSet<String> = names
            .filter(|name| self.rules.accepted(name, "layer") == **name)
            .map(str::to_owned)
            .collect();
        let Some(layers) = layers_mut(model) else { return };
        for layer in layers.iter_mut().filter_map(Value::as_object_mut) {
            let from = name(layer).to_owned();
            let has_weights = self.rules.weights_are_global && has_weights(layer);
            let mut to = self.rules.accepted(&from, "layer");
            if to != from || (has_weights && self.taken.contains(&to)) {
                let free = |name: &String| {
                    !(siblings.contains(name) || has_weights && self.taken.contains(name))
                };
                let next = if has_weights { &mut self.next } else { &mut next };
                to = first_free(to, next, free);
                siblings.insert(to.clone());
            }
            if has_weights {
                self.taken.insert(to.clone());
            }
            if to != from {
                rename(layer, &to);
                let (item, from) = (Item::Layer, from.clone());
                let change = Change::Renamed { item, from: from.clone(), to: to.clone() };
                self.report.add_at(change, &from);
                renames.insert(from, to);
            }
            self.inside(layer);
        }
        if !renames.is_empty() {
            let mut follow = |reference: &mut nodes::Reference| {
                if let Some(to) = renames.get(&reference.layer) {
                    reference.layer.clone_from(to);
                }
            };
            let mut again = follow;
            nodes::change(model, &mut follow, &mut again);
        }
    }

    /// The layers that a layer holds.
    fn inside(&mut self, layer: &mut Object) {
        if is_model(layer) {
            self.model(layer);
            return;
        }
        let Some(config) = config_mut(layer) else { return };
        for key in ["layer", "cell"] {
            if let Some(Value::Object(inner)) = config.get_mut(key) {
                self.inner(inner);
            }
        }
        let cells = config.get_mut("cells").and_then(Value::as_array_mut);
        for cell in cells.into_iter().flatten().filter_map(Value::as_object_mut) {
            self.inner(cell);
        }
    }

    /// A layer that no reference names.
    fn inner(&mut self, layer: &mut Object) {
        let from = name(layer).to_owned();
        if !from.is_empty() {
            let to = self.rules.accepted(&from, "layer");
            if to != from {
                rename(layer, &to);
                let change = Change::Renamed { item: Item::Layer, from: from.clone(), to };
                self.report.add_at(change, &from);
            }
        }
        self.inside(layer);
    }
}

/// Whether weights are called after the layer.
fn has_weights(layer: &Object) -> bool {
    let empty = Object::new();
    let settings = config(layer).unwrap_or(&empty);
    if is_model(layer) {
        return false;
    }
    if let ("TimeDistributed" | "Bidirectional", Some(Value::Object(inner))) =
        (super::json::class(layer), settings.get("layer"))
    {
        return has_weights(inner);
    }
    settings.contains_key("cell")
        || variables::own(super::json::class(layer), settings).is_none_or(|own| !own.is_empty())
}

fn first_free(name: String, next: &mut Numbers, free: impl Fn(&String) -> bool) -> String {
    if free(&name) {
        return name;
    }
    let next = next.entry(name.clone()).or_insert(1);
    // There are more numbers than layers.
    loop {
        let numbered = format!("{name}_{next}");
        *next += 1;
        if free(&numbered) {
            return numbered;
        }
    }
}

fn rename(layer: &mut Object, to: &str) {
    if layer.contains_key("name") {
        layer.insert("name".to_owned(), json!(to));
    }
    if let Some(config) = config_mut(layer) {
        config.insert("name".to_owned(), json!(to));
    }
}
