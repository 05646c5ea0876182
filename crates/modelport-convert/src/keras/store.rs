//! The weights of Keras 3: datasets `0`, `1`, ... in groups `vars`, by the places of their layers.

use std::collections::HashSet;

use io_core::{Error, Result};

use crate::hdf5::{Dataset, Hdf5, Members};

/// More groups and datasets than this, no model has.
const MAX_OBJECTS: usize = 1_000_000;
/// How deep models lie in each other, in groups.
const MAX_DEPTH: usize = 100;

/// What the containers of layers are called, now and in the first form.
const ROOTS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];

/// The group of an optimizer, and that of its variables in there.
pub(super) const OPTIMIZER: &str = "optimizer";
pub(super) const OPTIMIZER_VARIABLES: &str = "optimizer/vars";

/// The group of the metrics, which Keras 2 keeps.
const METRICS: &str = "metrics";

/// The group of what belongs to the model itself, which every file has.
const OWN: &str = "vars";

/// Whether `file` has weights as Keras 3 saves them.
///
/// # Errors
///
/// `Corrupt` when it cannot be read.
pub(super) async fn is_store(file: &Hdf5) -> Result<bool> {
    let groups = file.members("").await?.groups;
    Ok(groups.iter().any(|group| ROOTS.contains(&group.as_str()) || group == OWN))
}

/// A dataset and its path.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: String,
    pub(super) dataset: Dataset,
}

/// What of a file is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// All weights, since no topology says which there are.
    All,
    /// The weights of layers, and when it says so the variables of the optimizer.
    Layers { include_optimizer: bool },
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Store {
    /// The weights, sorted by path, numbers as numbers.
    pub(super) weights: Vec<Stored>,
    /// The variables of the optimizer, sorted by number, if they are there and asked for.
    pub(super) optimizer: Option<Vec<Stored>>,
    /// What is not read.
    pub(super) ignored: Vec<String>,
}

/// What is `wanted` of `file`.
///
/// # Errors
///
/// `Corrupt` when the file cannot be read, or its groups are too many, too deep, or there twice.
pub(super) async fn read(file: &Hdf5, wanted: Wanted) -> Result<Store> {
    let mut walk = Walk::default();
    let root = walk.enter(file, "", 0).await?;
    let mut store = Store { weights: Vec::new(), optimizer: None, ignored: Vec::new() };
    let mut pending = Vec::new();
    for group in root.groups {
        match (group.as_str(), wanted) {
            (OPTIMIZER, Wanted::Layers { include_optimizer: true }) => {
                store.optimizer = Some(read_optimizer(file).await?);
            }
            (OPTIMIZER | METRICS, _) => store.ignored.push(group),
            (_, Wanted::All) => pending.push((group, 1)),
            (name, _) if ROOTS.contains(&name) => pending.push((group, 1)),
            (OWN, _) if is_empty(&file.members(OWN).await?) => {}
            _ => store.ignored.push(group),
        }
    }
    for dataset in root.datasets {
        match wanted {
            Wanted::All => store.weights.push(stored(file, dataset).await?),
            Wanted::Layers { .. } => store.ignored.push(dataset),
        }
    }
    while let Some((path, depth)) = pending.pop() {
        let Members { groups, datasets, .. } = walk.enter(file, &path, depth).await?;
        for name in datasets {
            store.weights.push(stored(file, format!("{path}/{name}")).await?);
        }
        pending.extend(groups.into_iter().map(|name| (format!("{path}/{name}"), depth + 1)));
    }
    store.weights.sort_by_cached_key(|stored| order(&stored.path));
    Ok(store)
}

/// A walk through the groups of a file, which may be too many, or contain each other.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The addresses of the groups so far.
    seen: HashSet<u64>,
    /// The groups and datasets in them.
    objects: usize,
}

impl Walk {
    /// Lists what is in the group at `path`, which is `depth` groups deep.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the group cannot be read, was entered before, or is one too many or too deep.
    pub(super) async fn enter(&mut self, file: &Hdf5, path: &str, depth: usize) -> Result<Members> {
        let members = file.members(path).await?;
        // A few groups that contain each other would have paths without end.
        if !self.seen.insert(members.address) {
            return Err(Error::corrupt(format!("the group `{path}` is there twice")));
        }
        let inside = members.groups.len().saturating_add(members.datasets.len());
        self.objects = self.objects.saturating_add(inside);
        if self.objects > MAX_OBJECTS || depth > MAX_DEPTH {
            return Err(Error::corrupt("the groups of the file are too many or too deep"));
        }
        Ok(members)
    }
}

fn is_empty(members: &Members) -> bool {
    members.groups.is_empty() && members.datasets.is_empty()
}

async fn read_optimizer(file: &Hdf5) -> Result<Vec<Stored>> {
    let mut variables = Vec::new();
    if file.group(OPTIMIZER_VARIABLES).await?.is_some() {
        for name in file.members(OPTIMIZER_VARIABLES).await?.datasets {
            variables.push(stored(file, format!("{OPTIMIZER_VARIABLES}/{name}")).await?);
        }
    }
    variables.sort_by_cached_key(|stored| order(&stored.path));
    Ok(variables)
}

/// A dataset that was listed a moment ago.
pub(super) async fn stored(file: &Hdf5, path: String) -> Result<Stored> {
    let dataset = file.dataset(&path).await?;
    let dataset = dataset.ok_or_else(|| Error::corrupt(format!("`{path}` is gone")))?;
    Ok(Stored { path, dataset })
}

/// Sorts `9` before `10`.
fn order(path: &str) -> Vec<(Option<u64>, String)> {
    path.split('/').map(|part| (part.parse().ok(), part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use io_core::Weights;

    use super::{Store, Wanted, read};
    use crate::{
        hdf5::{GroupBuilder, Hdf5, write_file},
        number::Number,
    };

    fn store(paths: &[&str], wanted: Wanted) -> (Vec<String>, Vec<String>) {
        let mut root = GroupBuilder::default();
        root.group("vars").unwrap();
        for path in paths {
            root.dataset(path, &[1], Number::Float32, Weights::from(vec![0; 4])).unwrap();
        }
        let file = block_on(Hdf5::open(write_file(&root).unwrap())).unwrap();
        let Store { weights, ignored, .. } = block_on(read(&file, wanted)).unwrap();
        (weights.into_iter().map(|weight| weight.path).collect(), ignored)
    }

    #[test]
    fn no_weight_is_left_out_in_silence() {
        let all = ["backbone/layers/dense/vars/0", "layers/dense/vars/0", "scale", "vars/0"];
        let others = ["metrics/accuracy/vars/0", "optimizer/vars/0"];
        let paths = [&all[..], &others].concat();
        let (weights, ignored) = store(&paths, Wanted::All);
        assert_eq!(weights, all);
        assert_eq!(ignored, ["metrics", "optimizer"]);

        let of_layers = Wanted::Layers { include_optimizer: false };
        let (weights, ignored) = store(&paths, of_layers);
        assert_eq!(weights, ["layers/dense/vars/0"]);
        assert_eq!(ignored, ["backbone", "metrics", "optimizer", "vars", "scale"]);
        // Every file has the group, and nearly none has anything in it.
        let (_, ignored) = store(&["layers/dense/vars/0"], of_layers);
        assert!(ignored.is_empty(), "{ignored:?}");
    }
}
