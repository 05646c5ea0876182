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
const OPTIMIZER: &str = "optimizer";
pub(super) const OPTIMIZER_VARIABLES: &str = "optimizer/vars";

/// Whether `file` has weights as Keras 3 saves them.
///
/// # Errors
///
/// `Corrupt` when it cannot be read.
pub(super) async fn is_store(file: &Hdf5) -> Result<bool> {
    let groups = file.members("").await?.groups;
    Ok(groups.iter().any(|group| ROOTS.contains(&group.as_str()) || group == "vars"))
}

/// A dataset and its path.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: String,
    pub(super) dataset: Dataset,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Store {
    /// The weights of layers, sorted by path, numbers as numbers.
    pub(super) weights: Vec<Stored>,
    /// The variables of the optimizer, sorted by number, if they are there and asked for.
    pub(super) optimizer: Option<Vec<Stored>>,
    /// The groups that are not read.
    pub(super) ignored: Vec<String>,
}

/// All weights of layers, and when `include_optimizer` says so the variables of the optimizer.
///
/// # Errors
///
/// `Corrupt` when the file cannot be read, or its groups are too many, too deep, or there twice.
pub(super) async fn read(file: &Hdf5, include_optimizer: bool) -> Result<Store> {
    let root = file.members("").await?;
    let mut seen = HashSet::from([root.address]);
    let mut store = Store { weights: Vec::new(), optimizer: None, ignored: Vec::new() };
    let mut pending = Vec::new();
    for group in root.groups {
        if ROOTS.contains(&group.as_str()) {
            pending.push((group, 1));
        } else if group == OPTIMIZER && include_optimizer {
            store.optimizer = Some(read_optimizer(file).await?);
        } else if group != "vars" {
            store.ignored.push(group);
        }
    }
    let mut objects = 0_usize;
    while let Some((path, depth)) = pending.pop() {
        let Members { address, groups, datasets } = file.members(&path).await?;
        // A few groups that contain each other would have paths without end.
        if !seen.insert(address) {
            return Err(Error::corrupt(format!("the group `{path}` is there twice")));
        }
        objects = objects.saturating_add(groups.len()).saturating_add(datasets.len());
        if objects > MAX_OBJECTS || depth > MAX_DEPTH {
            return Err(Error::corrupt("the groups of the file are too many or too deep"));
        }
        for name in datasets {
            store.weights.push(stored(file, format!("{path}/{name}")).await?);
        }
        pending.extend(groups.into_iter().map(|name| (format!("{path}/{name}"), depth + 1)));
    }
    store.weights.sort_by_cached_key(|stored| order(&stored.path));
    Ok(store)
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
async fn stored(file: &Hdf5, path: String) -> Result<Stored> {
    let dataset = file.dataset(&path).await?;
    let dataset = dataset.ok_or_else(|| Error::corrupt(format!("`{path}` is gone")))?;
    Ok(Stored { path, dataset })
}

/// Sorts `9` before `10`.
fn order(path: &str) -> Vec<(Option<u64>, String)> {
    path.split('/').map(|part| (part.parse().ok(), part.to_owned())).collect()
}
