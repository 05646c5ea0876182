//! Where the weights of a TensorFlow.js manifest go in a Keras file.

use std::collections::{HashMap, HashSet};

use io_core::{Error, ErrorKind, Result};

use super::{
    Dialect, KerasModel, StoredLayer, UnknownLayer, WeightPlan,
    plan::{LayerPlan, PlannedWeight},
};

/// A layer's group in an HDF5 file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerasGroup {
    /// The layer: an entry of `layer_names`.
    pub layer: String,
    /// Its weights, in the order of `weight_names`.
    pub weights: Vec<KerasWeight>,
}

/// One weight of a Keras file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerasWeight {
    /// An entry of `weight_names`, or the path of a dataset of a `.keras` file.
    pub name: String,
    /// The place of the weight among the names that were given.
    pub source: usize,
}

/// The weights of a `.keras` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerasStore {
    /// Datasets by their paths: `layers/dense/vars/0`.
    pub weights: Vec<KerasWeight>,
    /// The groups that have a group `vars`, be it empty, with the attribute `name`.
    pub layers: Vec<StoredLayer>,
}

impl KerasModel {
    /// The groups of an HDF5 file, a group for every top-level layer in the order of the model.
    ///
    /// `names` are those of the manifest, the entries of an optimizer left out.
    ///
    /// # Errors
    ///
    /// `Corrupt`, with the name of the weight, when one is missing, is there twice or belongs to
    /// no layer; `Unsupported`, with the name of the layer, when its class is not known and so
    /// neither is the order of its weights.
    pub fn h5_groups(&self, names: &[&str]) -> Result<Vec<KerasGroup>> {
        self.weights.h5_groups(self.dialect, names)
    }

    /// The datasets and groups of the weights in a `.keras` file.
    ///
    /// # Errors
    ///
    /// As [`h5_groups`](Self::h5_groups), where a place is not known.
    pub fn store(&self, names: &[&str]) -> Result<KerasStore> {
        self.weights.store(names)
    }
}

impl WeightPlan {
    /// The groups of an HDF5 file for the Keras that speaks `dialect`; see
    /// [`KerasModel::h5_groups`].
    pub(crate) fn h5_groups(&self, dialect: Dialect, names: &[&str]) -> Result<Vec<KerasGroup>> {
        let found = Found::new(self, names)?;
        let suffix = if dialect == Dialect::Keras2 { ":0" } else { "" };
        let groups = self.layers.iter().map(|layer| {
            let known = layer.in_group_order().filter_map(|weight| {
                let plain = match dialect {
                    Dialect::Keras2 => &weight.keras2,
                    Dialect::Keras3 => &weight.keras3,
                };
                let source = found.source(weight)?;
                Some(KerasWeight { name: format!("{plain}{suffix}"), source })
            });
            let mut weights: Vec<KerasWeight> = known.collect();
            let carried = found.carried(layer);
            if !carried.is_empty() {
                check_order(layer, &carried)?;
                weights.extend(carried.into_iter().map(|carried| {
                    let prefix = match dialect {
                        Dialect::Keras2 => &carried.layer.keras,
                        Dialect::Keras3 => &carried.layer.keras3,
                    };
                    let name = format!("{prefix}/{}{suffix}", carried.rest);
                    KerasWeight { name, source: carried.source }
                }));
                // The names come from a file with this group, or from TensorFlow.js, which has the
                // same order.
                weights.sort_by_key(|weight| weight.source);
            }
            Ok(KerasGroup { layer: layer.name.clone(), weights })
        });
        groups.collect()
    }

    /// The datasets and groups of a `.keras` file; see [`KerasModel::store`].
    pub(crate) fn store(&self, names: &[&str]) -> Result<KerasStore> {
        let found = Found::new(self, names)?;
        let mut store = KerasStore { weights: Vec::new(), layers: Vec::new() };
        for layer in &self.layers {
            store.layers.extend(layer.stored.iter().cloned());
            for weight in &layer.weights {
                if let Some(source) = found.source(weight) {
                    store.weights.push(KerasWeight { name: weight.stored.clone(), source });
                }
            }
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for Carried { layer: unknown, rest, source } in found.carried(layer) {
                let stored = &unknown.stored;
                let name = if stored_group(rest).is_some() {
                    format!("{stored}/{rest}")
                } else if rest.contains('/') {
                    return Err(not_known(unknown, "the place of its weights in a `.keras` file"));
                } else {
                    let count = counts.entry(stored).or_default();
                    let name = format!("{stored}/vars/{count}");
                    *count += 1;
                    name
                };
                store.weights.push(KerasWeight { name, source });
            }
        }
        Ok(store)
    }
}

/// A weight of a layer whose class is not known.
struct Carried<'a> {
    layer: &'a UnknownLayer,
    /// Its name without that of the layer: `vars/0` or `inner/vars/0` where a `.keras` file had it,
    /// else `w` or `inner/kernel`.
    rest: &'a str,
    source: usize,
}

/// The group of a dataset of a `.keras` file: `inner` of `inner/vars/0`, nothing of `vars/0`.
fn stored_group(rest: &str) -> Option<&str> {
    let (group, number) = rest.rsplit_once('/')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if group == "vars" { Some("") } else { group.strip_suffix("/vars") }
}

/// Refuses weights whose order in an HDF5 group only the code of their layer tells: a `.keras` file
/// sorts the layers inside of a layer by name, HDF5 has them as they were created.
fn check_order(layer: &LayerPlan, carried: &[Carried<'_>]) -> Result<()> {
    let stored = carried.iter().filter_map(|it| Some((&it.layer.stored, stored_group(it.rest)?)));
    let groups: HashSet<_> = stored.collect();
    let is_known = groups.is_empty() || (groups.len() == 1 && layer.weights.is_empty());
    match carried.first() {
        Some(first) if !is_known => {
            Err(not_known(first.layer, "the order of its weights in an HDF5 file"))
        }
        _ => Ok(()),
    }
}

fn not_known(layer: &UnknownLayer, what: &str) -> Error {
    let UnknownLayer { keras, class_name, .. } = layer;
    let message = format!("layer `{keras}` is a `{class_name}`: {what} depends on its code");
    Error::new(ErrorKind::Unsupported, message)
        .with_hint("load the model in Keras and save it in the other format there")
}

/// Which name of a manifest each weight has.
struct Found<'a> {
    sources: HashMap<&'a str, usize>,
    /// The weights of layers whose class is not known.
    carried: Vec<(&'a str, usize)>,
}

impl<'a> Found<'a> {
    fn new(plan: &'a WeightPlan, names: &[&'a str]) -> Result<Self> {
        let matched = plan.match_manifest(names)?;
        let mut found = Self { sources: HashMap::new(), carried: Vec::new() };
        for (source, (weight, name)) in matched.into_iter().zip(names).enumerate() {
            match weight {
                Some(weight) => {
                    found.sources.insert(&weight.tfjs, source);
                }
                None => found.carried.push((name, source)),
            }
        }
        Ok(found)
    }

    fn source(&self, weight: &PlannedWeight) -> Option<usize> {
        self.sources.get(weight.tfjs.as_str()).copied()
    }

    fn carried(&self, layer: &'a LayerPlan) -> Vec<Carried<'a>> {
        let of_layer = self.carried.iter().filter_map(|&(name, source)| {
            let (layer, rest) = layer.unknown_of(name)?;
            Some(Carried { layer, rest, source })
        });
        of_layer.collect()
    }
}
