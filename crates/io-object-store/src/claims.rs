//! Which weight objects belong to which model.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use io_core::Result;
use io_manifest::ModelJson;
use object_store::{ObjectMeta, path::Path};

use crate::{
    location::Location,
    objects::{self, SMALL_REQUESTS, Store},
};

/// Above this a JSON object beside a model is not looked into.
const MAX_NEIGHBOUR_BYTES: u64 = 64 << 20;

/// The weight objects of the model in the JSON text `text`; none when it is not a model. Paths that
/// leave the prefix are nobody's parts.
pub(crate) fn of(text: &[u8], location: &Location) -> BTreeSet<Path> {
    let Ok(model) = ModelJson::parse(text) else {
        return BTreeSet::new();
    };
    model.files().iter().filter_map(|file| location.weights(&file.path).ok()).collect()
}

/// Whether a JSON object, which may be anything, reads as a model.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn is_model(store: &Store, json: &ObjectMeta) -> Result<bool> {
    if json.size > MAX_NEIGHBOUR_BYTES {
        return Ok(false);
    }
    let found = objects::read_json(store, &json.location).await?;
    Ok(found.is_some_and(|found| ModelJson::parse(&found.text).is_ok()))
}

/// The weight objects of all models directly under a prefix.
///
/// # Errors
///
/// What the store refuses with: who cannot see all claims must not remove anything.
pub(crate) async fn claimed(store: &Store, directory: &Path) -> Result<BTreeSet<Path>> {
    let neighbours = objects::json_objects(store, directory).await?;
    let small = neighbours.into_iter().filter(|meta| meta.size <= MAX_NEIGHBOUR_BYTES);
    let mut reads = stream::iter(small.map(|meta| {
        let store = store.clone();
        let location = Location { directory: directory.clone(), name: String::new() };
        async move {
            let json = objects::read_json(&store, &meta.location).await?;
            Ok(json.map(|json| of(&json.text, &location)).unwrap_or_default())
        }
    }))
    .buffer_unordered(SMALL_REQUESTS);
    let mut all = BTreeSet::new();
    while let Some(claims) = reads.next().await {
        let claims: Result<BTreeSet<Path>> = claims;
        all.extend(claims?);
    }
    Ok(all)
}

/// Removes those of `parts` that no model under the prefix has, as far as that goes.
pub(crate) async fn remove_unclaimed(store: &Store, directory: &Path, parts: BTreeSet<Path>) {
    if parts.is_empty() {
        return;
    }
    if let Ok(claims) = claimed(store, directory).await {
        let unclaimed = parts.into_iter().filter(|part| !claims.contains(part)).collect();
        objects::remove_all(store, unclaimed).await;
    }
}
