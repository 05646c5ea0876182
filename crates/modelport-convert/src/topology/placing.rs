//! Where the weights of a TensorFlow.js manifest go in a Keras file.

use std::collections::HashMap;

use io_core::Result;

use super::{
    Dialect, KerasModel, StoredLayer,
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
    /// no layer.
    pub fn h5_groups(&self, names: &[&str]) -> Result<Vec<KerasGroup>> {
        let found = Found::new(self, names)?;
        let suffix = if self.dialect == Dialect::Keras2 { ":0" } else { "" };
        let groups = self.weights.layers.iter().map(|layer| {
            let known = layer.in_group_order().filter_map(|weight| {
                let plain = match self.dialect {
                    Dialect::Keras2 => &weight.keras2,
                    Dialect::Keras3 => &weight.keras3,
                };
                let source = found.source(weight)?;
                Some(KerasWeight { name: format!("{plain}{suffix}"), source })
            });
            let carried = found
                .carried(layer)
                .map(|(name, source)| KerasWeight { name: format!("{name}{suffix}"), source });
            KerasGroup { layer: layer.name.clone(), weights: known.chain(carried).collect() }
        });
        Ok(groups.collect())
    }

    /// The datasets and groups of the weights in a `.keras` file.
    ///
    /// # Errors
    ///
    /// As [`h5_groups`](Self::h5_groups).
    pub fn store(&self, names: &[&str]) -> Result<KerasStore> {
        let found = Found::new(self, names)?;
        let mut store = KerasStore { weights: Vec::new(), layers: Vec::new() };
        for layer in &self.weights.layers {
            store.layers.extend(layer.stored.iter().cloned());
            for weight in &layer.weights {
                if let Some(source) = found.source(weight) {
                    store.weights.push(KerasWeight { name: weight.stored.clone(), source });
                }
            }
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for (name, source) in found.carried(layer) {
                let Some(unknown) = layer.unknown_of(name) else { continue };
                let count = counts.entry(&unknown.stored).or_default();
                let name = format!("{}/vars/{count}", unknown.stored);
                *count += 1;
                store.weights.push(KerasWeight { name, source });
            }
        }
        Ok(store)
    }
}

/// Which name of a manifest each weight has.
struct Found<'a> {
    sources: HashMap<&'a str, usize>,
    /// The weights of layers whose class is not known.
    carried: Vec<(&'a str, usize)>,
}

impl<'a> Found<'a> {
    fn new(model: &'a KerasModel, names: &[&'a str]) -> Result<Self> {
        let matched = model.weights.match_manifest(names)?;
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

    fn carried(&self, layer: &LayerPlan) -> impl Iterator<Item = (&'a str, usize)> {
        self.carried.iter().copied().filter(|(name, _)| layer.unknown_of(name).is_some())
    }
}
