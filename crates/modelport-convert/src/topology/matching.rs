//! Which weight of a file is which of the model.

use std::collections::{BTreeMap, HashMap, HashSet};

use io_core::{Error, ErrorKind, Result};

use super::plan::{Alteration, AlteredLayer, LayerPlan, PlannedWeight, UnknownLayer, WeightPlan};

/// The weights of one layer in an HDF5 file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H5Group {
    /// The layer: an entry of `layer_names`.
    pub layer: String,
    /// Its `weight_names`.
    pub weights: Vec<String>,
}

/// The name of an HDF5 weight without the number of its output: `d1/kernel:0` to `d1/kernel`.
pub fn plain_name(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((plain, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        _ => name,
    }
}

/// A name without its second-to-last part, as TensorFlow.js looks for it when there is no weight
/// of that name: `lstm/lstm_cell/kernel` to `lstm/kernel`.
fn shortened(name: &str) -> Option<String> {
    let (rest, last) = name.rsplit_once('/')?;
    let (rest, _) = rest.rsplit_once('/')?;
    Some(format!("{rest}/{last}"))
}

/// A name without its first part, without its first two, and so on.
fn inner_names(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| Some(name.split_once('/')?.1)).skip(1)
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl WeightPlan {
    /// The TensorFlow.js names of the weights of an HDF5 file, group by group.
    ///
    /// A name of Keras that TensorFlow.js would find is kept as it is. Keras loads by position, and
    /// saves models that are frozen in part in an order that it does not load; so names decide,
    /// and the position only where they do not and their last parts agree.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the names of layer and weight, when a weight is missing, is there twice or
    /// belongs to no layer.
    pub fn match_h5(&self, groups: &[H5Group]) -> Result<Vec<Vec<String>>> {
        let mut layers: HashMap<&str, &LayerPlan> =
            self.layers.iter().map(|layer| (layer.name.as_str(), layer)).collect();
        let mut matched = Vec::new();
        for group in groups {
            matched.push(match layers.remove(group.layer.as_str()) {
                Some(layer) => layer.match_group(&group.weights, &self.altered)?,
                None if group.weights.is_empty() => Vec::new(),
                None => {
                    let layer = &group.layer;
                    let message =
                        format!("the file has weights of a layer `{layer}` that the model lacks");
                    return Err(Error::corrupt(message));
                }
            });
        }
        match layers.values().flat_map(|layer| &layer.weights).map(|weight| &weight.tfjs).min() {
            None => Ok(matched),
            Some(weight) => Err(Error::corrupt(format!("the file has no weight `{weight}`"))),
        }
    }

    /// The TensorFlow.js name of each dataset of a `.keras` or `.weights.h5` file, given by its
    /// path; `None` for what is no weight of a layer, such as the state of an optimizer.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the name of the weight, when one is missing or a dataset belongs to no layer;
    /// `Unsupported`, with the name of the layer, when it has a weight that its class does not have.
    pub fn match_stored(&self, paths: &[String]) -> Result<Vec<Option<String>>> {
        let names = self.names_of_stored(paths)?;
        Ok(names.into_iter().map(|names| names.into_iter().next()).collect())
    }

    /// All names of each dataset; see [`match_stored`](Self::match_stored). A layer that the model
    /// has in several places is in the file once.
    pub(crate) fn names_of_stored(&self, paths: &[String]) -> Result<Vec<Vec<String>>> {
        let mut by_path: HashMap<String, Vec<&str>> = HashMap::new();
        // Where the layer of a weight is saved in one place, by its names in Keras.
        let mut places: HashMap<&str, String> = HashMap::new();
        let mut elsewhere = Vec::new();
        let file = Tree::of(paths.iter().map(String::as_str));
        for weight in self.weights() {
            // The first form of the format has gaps in its numbers.
            match file.locate(&weight.stored, self) {
                Some(at) => {
                    places.entry(&weight.keras2).or_insert_with(|| at.clone());
                    by_path.entry(at).or_default().push(&weight.tfjs);
                }
                None => elsewhere.push(weight),
            }
        }
        for weight in elsewhere {
            let missing = || Error::corrupt(format!("the file has no weight `{}`", weight.tfjs));
            let at = places.get(weight.keras2.as_str()).ok_or_else(missing)?;
            by_path.entry(at.clone()).or_default().push(&weight.tfjs);
        }
        let unknown: Vec<(String, &str)> = self
            .unknown()
            .filter_map(|layer| {
                Some((file.locate(&layer.stored, self)? + "/", layer.tfjs.as_str()))
            })
            .collect();
        let names = |path: &String| {
            if let Some(names) = by_path.remove(path) {
                return Ok(names.into_iter().map(str::to_owned).collect());
            }
            let inside = |(group, layer): &(String, &str)| {
                Some(format!("{layer}/{}", path.strip_prefix(group.as_str())?))
            };
            if let Some(name) = unknown.iter().find_map(inside) {
                return Ok(vec![name]);
            }
            let is_weight = path.starts_with("layers/") || path.starts_with(CHECKPOINT);
            // Random layers keep the state of their generators.
            if is_weight && !path.contains("/seed_generator/") {
                return Err(self.left_over(path));
            }
            Ok(Vec::new())
        };
        paths.iter().map(names).collect()
    }

    /// The error of a dataset that no weight of the plan is.
    fn left_over(&self, path: &str) -> Error {
        let owner = self.layers.iter().flat_map(|layer| {
            let own = layer.stored.iter();
            let own = own.filter(|stored| {
                path.strip_prefix(&stored.group).is_some_and(|rest| rest.starts_with('/'))
            });
            own.map(move |stored| (layer, stored))
        });
        match owner.max_by_key(|(_, stored)| stored.group.len()) {
            Some((_, stored)) => left_over(&self.altered, &stored.name, path),
            None => Error::corrupt(format!("dataset `{path}` belongs to no layer")),
        }
    }

    /// The weight of the plan for each name of a TensorFlow.js manifest, entries of the optimizer
    /// left out; `None` for a weight of a layer whose class is not known.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the name of the weight, when one is missing, is there twice or belongs to
    /// no layer.
    pub fn match_manifest(&self, names: &[&str]) -> Result<Vec<Option<&PlannedWeight>>> {
        let mut missing: HashMap<&str, &PlannedWeight> =
            self.weights().map(|weight| (weight.tfjs.as_str(), weight)).collect();
        let mut matched: Vec<Option<&PlannedWeight>> = vec![None; names.len()];
        for (name, place) in names.iter().zip(&mut matched) {
            *place = missing.remove(name);
        }
        for (name, place) in names.iter().zip(&mut matched).filter(|(_, place)| place.is_none()) {
            *place = shortened(name).and_then(|short| missing.remove(short.as_str()));
            let of_unknown = || self.layers.iter().any(|layer| layer.unknown_of(name).is_some());
            if place.is_none() && !of_unknown() {
                let message = format!("weight `{name}` belongs to no layer, or is there twice");
                return Err(Error::corrupt(message));
            }
        }
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(**name)) {
            return Err(Error::corrupt(format!("weight `{name}` is there twice")));
        }
        match missing.keys().min() {
            None => Ok(matched),
            Some(name) => Err(Error::corrupt(format!("weight `{name}` is missing"))),
        }
    }
}

impl WeightPlan {
    /// Compares the shapes of weights, each beside its name in a TensorFlow.js manifest, with what
    /// the configuration says about them.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the names of layer and weight, when one has another shape; else as
    /// [`match_manifest`](Self::match_manifest).
    pub fn check_shapes(&self, weights: &[(&str, &[u64])]) -> Result<()> {
        let names: Vec<&str> = weights.iter().map(|(name, _)| *name).collect();
        let matched = self.match_manifest(&names)?;
        for ((name, shape), weight) in weights.iter().zip(matched) {
            let Some(known) = weight.and_then(|weight| weight.shape.as_ref()) else { continue };
            let fits = known.len() == shape.len()
                && known.iter().zip(*shape).all(|(known, size)| known.is_none_or(|it| it == *size));
            if !fits {
                let (layer, weight) = name.rsplit_once('/').unwrap_or((name, name));
                let known: Vec<String> =
                    known.iter().map(|it| it.map_or("?".to_owned(), |it| it.to_string())).collect();
                return Err(Error::corrupt(format!(
                    "the weight `{weight}` of layer `{layer}` has shape {shape:?}, not [{}]",
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// The weights that training changes, in the order in which it goes through them, each with its
    /// place among `names`, which are those of a TensorFlow.js manifest.
    ///
    /// # Errors
    ///
    /// As [`match_manifest`](Self::match_manifest).
    pub fn trained(&self, names: &[&str]) -> Result<Vec<(usize, &PlannedWeight)>> {
        let matched = self.match_manifest(names)?;
        let places: HashMap<&str, usize> = (0..)
            .zip(matched)
            .filter_map(|(place, weight)| Some((weight?.tfjs.as_str(), place)))
            .collect();
        let in_order = self.layers.iter().flat_map(LayerPlan::in_group_order);
        let trained = in_order.filter(|weight| weight.trainable);
        let trained =
            trained.filter_map(|weight| Some((*places.get(weight.tfjs.as_str())?, weight)));
        Ok(trained.collect())
    }
}

impl LayerPlan {
    fn match_group(&self, names: &[String], altered: &[AlteredLayer]) -> Result<Vec<String>> {
        let by_name = self.match_by_name(names, altered);
        if by_name.is_ok() || !self.unknown.is_empty() {
            return by_name;
        }
        let planned: Vec<&PlannedWeight> = self.in_group_order().collect();
        let known: Vec<[&str; 2]> =
            planned.iter().map(|it| [last_part(&it.tfjs), last_part(&it.keras3)]).collect();
        let lasts: Vec<&str> = names.iter().map(|name| last_part(plain_name(name))).collect();
        let agree = || known.iter().zip(&lasts).all(|(known, last)| known.contains(last));
        // Such as `param_0`: names that say nothing, which Keras does not look at.
        let foreign = || !known.iter().flatten().any(|known| lasts.contains(known));
        if planned.len() == names.len() && (agree() || foreign()) {
            let pairs = planned.iter().zip(names);
            return Ok(pairs.map(|(weight, name)| kept_name(weight, name)).collect());
        }
        by_name
    }

    fn match_by_name(&self, names: &[String], altered: &[AlteredLayer]) -> Result<Vec<String>> {
        let mut open: HashMap<&str, &PlannedWeight> =
            self.weights.iter().map(|weight| (weight.tfjs.as_str(), weight)).collect();
        let mut by_name: HashMap<&str, &str> = HashMap::new();
        // Where names of several kinds are the same, the last one is what the file is likely to have.
        by_name.extend(self.weights.iter().map(|it| (it.tfjs.as_str(), it.tfjs.as_str())));
        by_name.extend(self.weights.iter().map(|it| (it.keras2.as_str(), it.tfjs.as_str())));
        by_name.extend(self.weights.iter().map(|it| (it.keras3.as_str(), it.tfjs.as_str())));
        let mut matched = Vec::new();
        for name in names {
            let plain = plain_name(name);
            let known = by_name.get(plain).and_then(|tfjs| open.remove(tfjs));
            let mut carried = None;
            let weight = known.or_else(|| {
                carried = self.unknown_named(plain);
                if carried.is_some() {
                    return None;
                }
                let short = shortened(plain).and_then(|short| open.remove(short.as_str()));
                // Models around a layer are not always part of the names that Keras 3 writes.
                short.or_else(|| inner_names(plain).find_map(|it| open.remove(by_name.get(it)?)))
            });
            matched.push(match (weight, carried, self.unknown.as_slice()) {
                (Some(weight), _, _) => kept_name(weight, name),
                (None, Some((layer, rest)), _) => format!("{}/{rest}", layer.tfjs),
                // The group is that of the layer, whatever its weights are called.
                (None, None, [layer]) => format!("{}/{plain}", layer.tfjs),
                (None, None, []) if altered.iter().any(|layer| is_of(layer, plain)) => {
                    return Err(left_over(altered, &self.name, name));
                }
                (None, None, []) => {
                    let message = format!("weight `{name}` is not one of layer `{}`", self.name);
                    return Err(Error::corrupt(message));
                }
                (None, None, [first, ..]) => {
                    let UnknownLayer { keras, class_name, .. } = first;
                    let message = format!(
                        "weight `{name}` in layer `{}` may be one of `{keras}`, a `{class_name}`, \
                         or of another layer of a class that is not known",
                        self.name
                    );
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
            });
        }
        match open.keys().min() {
            None => Ok(matched),
            Some(weight) => {
                let layer = &self.name;
                Err(Error::corrupt(format!("layer `{layer}` has no weight `{weight}`")))
            }
        }
    }

    /// The layer of unknown class that the Keras weight `name` belongs to, and what follows the
    /// name of the layer in there.
    fn unknown_named<'a>(&'a self, name: &'a str) -> Option<(&'a UnknownLayer, &'a str)> {
        let named = |layer: &'a UnknownLayer| {
            let prefixes = [&layer.keras3, &layer.keras, &layer.tfjs];
            let rest = prefixes.into_iter().find_map(|prefix| after_layer(name, prefix))?;
            Some((layer, rest))
        };
        self.unknown.iter().filter_map(named).min_by_key(|(_, rest)| rest.len())
    }
}

/// Whether the Keras weight `name` is one of `layer`.
fn is_of(layer: &AlteredLayer, name: &str) -> bool {
    after_layer(name, &layer.name).is_some()
}

/// The error of a weight of `layer`, called `weight`, that is not one of its class.
fn left_over(altered: &[AlteredLayer], layer: &str, weight: &str) -> Error {
    let found = altered.iter().find(|altered| altered.name == layer || is_of(altered, weight));
    if let Some(found) = found {
        return found.refused();
    }
    let message = format!("layer `{layer}` has a weight `{weight}` that its class does not have");
    Error::new(ErrorKind::Unsupported, message)
}

impl AlteredLayer {
    /// The error of a conversion that needs the weights of the class alone.
    pub(crate) fn refused(&self) -> Error {
        let name = &self.name;
        let unsupported = |message| Error::new(ErrorKind::Unsupported, message);
        match self.alteration {
            Alteration::Quantized => unsupported(format!(
                "layer `{name}` is quantized: its weights have scales of their own"
            )),
            Alteration::Lora => unsupported(format!(
                "layer `{name}` has LoRA weights: an HDF5 file has them on their own, a `.keras` \
                 file as part of the kernel"
            ))
            .with_hint("load the model in Keras and save it in the other format there"),
        }
    }
}

/// What follows the name of a layer in that of its weight: `w` of `model/block/w` for `block`.
fn after_layer<'a>(name: &'a str, layer: &str) -> Option<&'a str> {
    std::iter::once(name)
        .chain(inner_names(name))
        .find_map(|name| name.strip_prefix(layer)?.strip_prefix('/'))
}

/// The name of Keras where TensorFlow.js finds it, else its own.
fn kept_name(weight: &PlannedWeight, name: &str) -> String {
    let plain = plain_name(name);
    let is_found = plain == weight.tfjs || shortened(plain).is_some_and(|it| it == weight.tfjs);
    if is_found { plain.to_owned() } else { weight.tfjs.clone() }
}

/// What the first form of `.keras` files has instead of `layers`.
const CHECKPOINT: &str = "_layer_checkpoint_dependencies";

/// The groups of a file.
#[derive(Default)]
struct Tree<'a>(BTreeMap<&'a str, Tree<'a>>);

impl<'a> Tree<'a> {
    fn of(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut root = Self::default();
        for path in paths {
            let mut node = &mut root;
            for part in path.split('/').filter(|part| !part.is_empty()) {
                node = node.0.entry(part).or_default();
            }
        }
        root
    }

    /// The path in the file of what the plan has at `path`.
    fn locate(&self, path: &str, plan: &WeightPlan) -> Option<String> {
        let mut node = self;
        let mut found: Vec<&str> = Vec::new();
        let mut planned = String::new();
        let mut ranked = false;
        for part in path.split('/') {
            let parent = planned.clone();
            if !planned.is_empty() {
                planned.push('/');
            }
            planned.push_str(part);
            let key = if part == "layers" && !node.0.contains_key(part) {
                ranked = true;
                CHECKPOINT
            } else if ranked {
                ranked = false;
                node.at_rank(part, &parent, plan)?
            } else {
                part
            };
            let (key, child) = node.get(key)?;
            found.push(key);
            node = child;
        }
        Some(found.join("/"))
    }

    /// Keras 2 has attributes that begin with `_` where Keras 3 has the same without.
    fn get(&self, key: &str) -> Option<(&'a str, &Self)> {
        let found = self.0.get_key_value(key);
        let found = found.or_else(|| self.0.get_key_value(format!("_{key}").as_str()));
        found.map(|(key, child)| (*key, child))
    }

    /// The key of the same rank among those of its class, where numbers have gaps.
    fn at_rank(&self, part: &str, parent: &str, plan: &WeightPlan) -> Option<&'a str> {
        let (class, number) = numbered(part);
        // Layers without weights have no datasets, so that they have no rank.
        let mut with_weights: Vec<u64> = plan
            .weights()
            .filter_map(|weight| weight.stored.strip_prefix(parent)?.strip_prefix('/'))
            .filter_map(|rest| rest.split('/').next())
            .map(numbered)
            .filter(|(other, _)| *other == class)
            .map(|(_, number)| number)
            .collect();
        with_weights.sort_unstable();
        with_weights.dedup();
        let rank = with_weights.iter().position(|other| *other == number)?;
        let mut keys: Vec<(u64, &str)> = self
            .0
            .keys()
            .map(|key| (numbered(key), *key))
            .filter(|((other, _), _)| *other == class)
            .map(|((_, number), key)| (number, key))
            .collect();
        keys.sort_unstable();
        keys.get(rank).map(|(_, key)| *key)
    }
}

/// `dense_1` is number 1 of `dense`, which is its number 0.
fn numbered(key: &str) -> (&str, u64) {
    match key.rsplit_once('_').map(|(class, number)| (class, number.parse())) {
        Some((class, Ok(number))) => (class, number),
        _ => (key, 0),
    }
}
