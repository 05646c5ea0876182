//! Where each weight of a model is: its names in TensorFlow.js and in Keras files.

use std::collections::HashMap;

use io_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::{
    Dialect,
    classes::snake_case,
    json::{self, Object, class, config, is_model, is_not_false, layers, name, text},
    variables::{self, Own, Shape},
};

/// The weights of a model, layer by layer.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WeightPlan {
    /// The top-level layers, in the order of the model: the groups of an HDF5 file.
    pub layers: Vec<LayerPlan>,
    /// Layers, however deep, whose weights are not only those of their class.
    pub altered: Vec<AlteredLayer>,
}

/// The weights of one top-level layer and of all that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlan {
    /// The name in Keras: that of its HDF5 group.
    pub name: String,
    /// Its weights, in the order in which Keras creates them.
    pub weights: Vec<PlannedWeight>,
    /// Whether its HDF5 group has them in that order, too, whatever training changes.
    pub as_created: bool,
    /// Layers whose class is not known, so that their weights are not, either.
    pub unknown: Vec<UnknownLayer>,
    /// The groups of a `.keras` file that have a `vars` group, with the name of the layer.
    pub stored: Vec<StoredLayer>,
}

/// One weight, in every naming.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedWeight {
    /// The name in TensorFlow.js: `lstm/kernel`.
    pub tfjs: String,
    /// The name in an HDF5 file of Keras 2, without its `:0`: `lstm/lstm_cell/kernel`.
    pub keras2: String,
    /// The name in an HDF5 file of Keras 3: `lstm/lstm_cell/kernel`.
    pub keras3: String,
    /// The path in a `.keras` file: `layers/lstm/cell/vars/0`.
    pub stored: String,
    /// Whether training changes it: its layer is not frozen. Whether a model that holds the layer is
    /// does not matter, since that sets the layers themselves.
    pub trainable: bool,
    /// What the configuration says about the shape, `None` where the input decides.
    pub shape: Option<Shape>,
}

/// A layer of a class that is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownLayer {
    /// The name in TensorFlow.js.
    pub tfjs: String,
    /// The name in Keras.
    pub keras: String,
    /// What Keras 3 puts before the names of its weights: `sequential/my_layer`.
    pub keras3: String,
    /// The group in a `.keras` file: `layers/my_layer`.
    pub stored: String,
    /// The class.
    pub class_name: String,
}

/// A layer that Keras 3 has changed after it was made, with weights that its class does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlteredLayer {
    /// The name in Keras.
    pub name: String,
    /// How it was changed.
    pub alteration: Alteration,
}

/// How Keras 3 changes a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alteration {
    /// Its weights have fewer bits, and scales beside them.
    Quantized,
    /// Two small matrices are trained, which are added to the kernel.
    Lora,
}

/// A group of a `.keras` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLayer {
    /// The group: `layers/dense_1`.
    pub group: String,
    /// The layer's name, which Keras 3 writes beside.
    pub name: String,
}

impl LayerPlan {
    /// The weights in the order in which Keras goes through the layer's HDF5 group: all that
    /// training changes, then the others.
    pub fn in_group_order(&self) -> impl Iterator<Item = &PlannedWeight> {
        let is_first = |weight: &&PlannedWeight| weight.trainable || self.as_created;
        let first = self.weights.iter().filter(is_first);
        first.chain(self.weights.iter().filter(move |weight| !is_first(weight)))
    }

    /// The layer of unknown class that the TensorFlow.js weight `name` belongs to, and what follows
    /// its name in there.
    pub(super) fn unknown_of<'a>(&'a self, name: &'a str) -> Option<(&'a UnknownLayer, &'a str)> {
        let found = self.unknown.iter().filter_map(|layer| {
            let rest = name.strip_prefix(layer.tfjs.as_str())?.strip_prefix('/')?;
            Some((layer, rest))
        });
        found.min_by_key(|(_, rest)| rest.len())
    }
}

impl WeightPlan {
    /// Every weight, in the order of the model.
    pub fn weights(&self) -> impl Iterator<Item = &PlannedWeight> {
        self.layers.iter().flat_map(|layer| &layer.weights)
    }

    /// Every layer whose class is not known.
    pub fn unknown(&self) -> impl Iterator<Item = &UnknownLayer> {
        self.layers.iter().flat_map(|layer| &layer.unknown)
    }
}

/// The plan of a model, from its topology with the names of TensorFlow.js and the same topology
/// with those of the Keras that speaks `dialect`.
///
/// # Errors
///
/// `Corrupt` when the topology is not one of layers; `Unsupported` when two weights have one name.
pub(super) fn plan(tfjs: &Value, keras: &Value, dialect: Dialect) -> Result<WeightPlan> {
    let (Value::Object(tfjs), Value::Object(keras)) = (tfjs, keras) else {
        return Err(Error::corrupt("the topology is not an object"));
    };
    let mut plan = WeightPlan::default();
    let mut keys = Keys::default();
    for (tfjs, keras) in children(tfjs, keras) {
        let mut layer = LayerPlan {
            name: name(keras).to_owned(),
            weights: Vec::new(),
            as_created: dialect.is_keras3() && is_frozen_functional(tfjs),
            unknown: Vec::new(),
            stored: Vec::new(),
        };
        let stored = format!("layers/{}", keys.next(class(keras)));
        let place = Place { stored, keras3: String::new(), trainable: true };
        Walk { layer: &mut layer }.layer(tfjs, keras, place);
        plan.layers.push(layer);
    }
    let mut seen = HashMap::new();
    for weight in plan.weights() {
        if seen.insert(&weight.tfjs, ()).is_some() {
            let message = format!("two layers have a weight `{}`", weight.tfjs);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    }
    Ok(plan)
}

/// Whether Keras 3 takes a model for frozen when it loads it. Of a Sequential, and in Keras 2 of any
/// model, only the layers inside say so.
fn is_frozen_functional(layer: &Object) -> bool {
    let is_functional = is_model(layer) && class(layer) != "Sequential";
    is_functional && !is_trained(layer)
}

/// The layers of two models that differ in names only.
fn children<'a>(
    tfjs: &'a Object,
    keras: &'a Object,
) -> impl Iterator<Item = (&'a Object, &'a Object)> {
    let pairs = layers(tfjs).iter().zip(layers(keras));
    pairs.filter_map(|(tfjs, keras)| Some((tfjs.as_object()?, keras.as_object()?)))
}

/// The keys of a container of layers: the class, numbered.
#[derive(Default)]
struct Keys(HashMap<String, usize>);

impl Keys {
    fn next(&mut self, class: &str) -> String {
        // The package of `package>Class` does not count.
        let key = snake_case(match class.rsplit('>').next().unwrap_or(class) {
            // What TensorFlow.js calls it.
            "Model" => "Functional",
            // The name of the class in the code, which is exported under another one.
            "GroupQueryAttention" => "GroupedQueryAttention",
            class => class,
        });
        let count = self.0.entry(key.clone()).or_default();
        *count += 1;
        match *count {
            1 => key,
            more => format!("{key}_{}", more - 1),
        }
    }
}

/// Where a layer is.
#[derive(Clone)]
struct Place {
    /// Its group in a `.keras` file.
    stored: String,
    /// What Keras 3 puts before the names of its weights.
    keras3: String,
    trainable: bool,
}

impl Place {
    fn inside(&self, part: &str) -> Self {
        Self { stored: format!("{}/{part}", self.stored), ..self.clone() }
    }
}

struct Walk<'a> {
    layer: &'a mut LayerPlan,
}

/// The names that a layer's weights begin with.
struct Prefix {
    tfjs: String,
    keras2: String,
    keras3: String,
}

impl Prefix {
    fn of(tfjs: &Object, keras: &Object, place: &Place) -> Self {
        let keras = name(keras);
        Self {
            tfjs: name(tfjs).to_owned(),
            keras2: keras.to_owned(),
            keras3: format!("{}{keras}", place.keras3),
        }
    }

    fn inside(&self, tfjs: &str, keras: &str) -> Self {
        Self {
            tfjs: format!("{}/{tfjs}", self.tfjs),
            keras2: format!("{}/{keras}", self.keras2),
            keras3: format!("{}/{keras}", self.keras3),
        }
    }
}

impl Walk<'_> {
    /// A layer with names of its own.
    fn layer(&mut self, tfjs: &Object, keras: &Object, place: Place) {
        self.stored(&place, name(keras));
        if is_model(tfjs) {
            self.model(tfjs, keras, &place);
            return;
        }
        let prefix = Prefix::of(tfjs, keras, &place);
        self.unnamed(tfjs, keras, prefix, place);
    }

    /// A layer whose weights have names that begin with `prefix`.
    fn unnamed(&mut self, tfjs: &Object, keras: &Object, prefix: Prefix, mut place: Place) {
        place.trainable &= is_trained(tfjs);
        match (class(tfjs), inner(tfjs, keras, "layer")) {
            ("Bidirectional", Some((tfjs, keras))) => {
                place.trainable &= is_trained(tfjs);
                for direction in ["forward", "backward"] {
                    let part = |layer: &Object| format!("{direction}_{}", name(layer));
                    let prefix = prefix.inside(&part(tfjs), &part(keras));
                    self.plain(tfjs, &prefix, &place.inside(&format!("{direction}_layer")));
                }
            }
            // A model inside a wrapper keeps the names of its own.
            ("TimeDistributed", Some((tfjs, keras))) if is_model(tfjs) => {
                self.layer(tfjs, keras, place.inside("layer"));
            }
            // Only Keras 3 has the name of the inner layer, too.
            ("TimeDistributed", Some((tfjs, keras))) => {
                let place = place.inside("layer");
                self.stored(&place, name(keras));
                let keras3 = format!("{}/{}", prefix.keras3, name(keras));
                self.unnamed(tfjs, keras, Prefix { keras3, ..prefix }, place);
            }
            // Another wrapper may have weights of its own, or the layer in another place.
            (_, Some(_)) => self.unknown(class(tfjs), &prefix, &place),
            _ => self.plain(tfjs, &prefix, &place),
        }
    }

    fn model(&mut self, tfjs: &Object, keras: &Object, place: &Place) {
        let mut keys = Keys::default();
        let mut keras3 = place.keras3.clone();
        if class(tfjs) == "Sequential" {
            keras3.push_str(name(keras));
            keras3.push('/');
        }
        for (tfjs, keras) in children(tfjs, keras) {
            let key = format!("layers/{}", keys.next(class(keras)));
            self.layer(tfjs, keras, Place { keras3: keras3.clone(), ..place.inside(&key) });
        }
    }

    /// The weights of a layer that is neither a model nor a wrapper.
    fn plain(&mut self, layer: &Object, prefix: &Prefix, place: &Place) {
        let empty = Object::new();
        let settings = config(layer).unwrap_or(&empty);
        let class = class(layer);
        if class == "RNN" {
            match settings.get("cell") {
                Some(Value::Object(cell)) if is_known_cell(cell) => {
                    self.cell(cell, prefix, &place.inside("cell"));
                }
                _ => self.unknown(class, prefix, place),
            }
        } else if let Some(parts) = variables::attention_of(class) {
            for (attribute, part) in parts {
                let own = variables::attention(settings);
                self.weights(own, &prefix.inside(part, part), None, &place.inside(attribute));
            }
        } else if let Some(own) = variables::own(class, settings) {
            match variables::cell_of(class) {
                Some(cell) => self.weights(own, prefix, Some(cell), &place.inside("cell")),
                None => self.weights(own, prefix, None, place),
            }
        } else {
            self.unknown(class, prefix, place);
        }
    }

    fn unknown(&mut self, class: &str, prefix: &Prefix, place: &Place) {
        self.layer.unknown.push(UnknownLayer {
            tfjs: prefix.tfjs.clone(),
            keras: prefix.keras2.clone(),
            keras3: prefix.keras3.clone(),
            stored: place.stored.clone(),
            class_name: class.to_owned(),
        });
    }

    /// The cell of an `RNN`, or its stack of cells, which TensorFlow.js numbers.
    fn cell(&mut self, cell: &Object, prefix: &Prefix, place: &Place) {
        let empty = Object::new();
        let settings = config(cell).unwrap_or(&empty);
        let named = |cell: &Object| match name(cell) {
            "" => variables::default_name(class(cell)),
            name => name.to_owned(),
        };
        let Some(Value::Array(cells)) = settings.get("cells") else {
            let own = variables::own(class(cell), settings).unwrap_or_default();
            self.weights(own, prefix, Some(&named(cell)), place);
            return;
        };
        let mut keys = Keys::default();
        let stack = named(cell);
        for (i, cell) in cells.iter().filter_map(Value::as_object).enumerate() {
            let prefix = prefix.inside(&format!("RNNCell_{i}"), &stack);
            let settings = config(cell).unwrap_or(&empty);
            let own = variables::own(class(cell), settings).unwrap_or_default();
            let place = place.inside(&format!("cells/{}", keys.next(class(cell))));
            self.weights(own, &prefix, Some(&named(cell)), &place);
        }
    }

    fn weights(&mut self, own: Vec<Own>, prefix: &Prefix, cell: Option<&str>, place: &Place) {
        for (i, Own { name, keras3, trainable, shape }) in own.into_iter().enumerate() {
            let keras = |prefix: &str, name| match cell {
                Some(cell) => format!("{prefix}/{cell}/{name}"),
                None => format!("{prefix}/{name}"),
            };
            self.layer.weights.push(PlannedWeight {
                tfjs: format!("{}/{name}", prefix.tfjs),
                keras2: keras(&prefix.keras2, name),
                keras3: keras(&prefix.keras3, keras3),
                stored: format!("{}/vars/{i}", place.stored),
                trainable: trainable && place.trainable,
                shape,
            });
        }
    }

    fn stored(&mut self, place: &Place, name: &str) {
        self.layer.stored.push(StoredLayer { group: place.stored.clone(), name: name.to_owned() });
    }
}

/// Whether the weights of a cell, or of each one in a stack of cells, are known.
fn is_known_cell(cell: &Object) -> bool {
    let empty = Object::new();
    let settings = config(cell).unwrap_or(&empty);
    match settings.get("cells") {
        Some(Value::Array(cells)) => {
            cells.iter().all(|cell| cell.as_object().is_some_and(is_known_cell))
        }
        _ => variables::is_cell(class(cell)),
    }
}

/// The layers of a configuration of Keras 3 that were changed after they were made, however deep.
pub(super) fn altered(model: &Object) -> Vec<AlteredLayer> {
    let mut found = Vec::new();
    let mut pending: Vec<&Value> = model.values().collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items.iter().rev()),
            Value::Object(object) => {
                if let Some(alteration) = json::config(object).and_then(alteration) {
                    found.push(AlteredLayer { name: name(object).to_owned(), alteration });
                }
                pending.extend(object.values());
            }
            _ => {}
        }
    }
    found
}

/// How a layer of these settings was changed after it was made.
fn alteration(settings: &Object) -> Option<Alteration> {
    let is_set = |key| settings.get(key).is_some_and(|value: &Value| !value.is_null());
    let policy = |policy: &str| policy.starts_with("Quantized") || policy.contains("_from_");
    let is_quantized = match settings.get("dtype") {
        Some(Value::String(name)) => policy(name),
        Some(Value::Object(object)) => {
            let named = json::config(object).map(|config| text(config, "name"));
            policy(class(object)) || named.is_some_and(policy)
        }
        _ => false,
    };
    if is_quantized || is_set("quantization_config") || is_set("quantization_mode") {
        Some(Alteration::Quantized)
    } else if is_set("lora_rank") {
        Some(Alteration::Lora)
    } else {
        None
    }
}

/// Whether a layer is not frozen.
fn is_trained(layer: &Object) -> bool {
    config(layer).is_none_or(|config| is_not_false(config, "trainable"))
}

/// The layer inside a wrapper.
fn inner<'a>(tfjs: &'a Object, keras: &'a Object, key: &str) -> Option<(&'a Object, &'a Object)> {
    let of = |layer: &'a Object| config(layer)?.get(key)?.as_object();
    Some((of(tfjs)?, of(keras)?))
}
