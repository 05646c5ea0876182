//! Which weight objects belong to which model.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use io_core::{Error, Result};
use io_manifest::{ModelJson, UnreferencedFiles, referenced_files};
use object_store::{ObjectMeta, path::Path};

use crate::{
    error::shown,
    left::Left,
    location::{self, Location},
    objects::{self, SMALL_REQUESTS, Store},
};

/// JSON objects up to this are read several at a time, larger ones one by one.
const SMALL_BYTES: u64 = 1 << 20;

/// A JSON object that is larger is listed only if it is called `model.json`.
const MAX_LISTED_BYTES: u64 = 64 << 20;

/// Whether a JSON object, which may be anything, reads as a model.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn is_model(store: &Store, json: &ObjectMeta) -> Result<bool> {
    if json.size > MAX_LISTED_BYTES {
        return Ok(false);
    }
    let found = objects::read_json(store, &json.location).await?;
    Ok(found.is_some_and(|found| ModelJson::parse(&found.text).is_ok()))
}

/// Returns those of `files`, paths under a prefix, that no model there or below references.
///
/// # Errors
///
/// What the store refuses with, `Corrupt` for a corrupt model file: without all references nothing is
/// removed.
pub(crate) async fn unreferenced(
    store: &Store,
    directory: &Path,
    files: BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let mut unreferenced = UnreferencedFiles::new(files);
    for folder in unreferenced.folders() {
        let prefix = if folder.is_empty() {
            directory.clone()
        } else {
            location::child(directory, &folder)?
        };
        let neighbours = objects::json_objects(store, &prefix).await?;
        let (small, large): (Vec<_>, Vec<_>) =
            neighbours.into_iter().partition(|meta| meta.size <= SMALL_BYTES);
        let read = |meta: ObjectMeta| {
            let store = store.clone();
            async move {
                let json = objects::read_json(&store, &meta.location).await?;
                Ok::<_, Error>((meta.location, json))
            }
        };
        let mut reads = stream::iter(small)
            .map(read)
            .buffer_unordered(SMALL_REQUESTS)
            .chain(stream::iter(large).then(read))
            .boxed();
        while let Some(found) = reads.next().await {
            if let (key, Some(json)) = found? {
                // By its whole key, which tells people where it is; the last part is its name.
                unreferenced.retain_unreferenced_by(&folder, &shown(&key), &json.text)?;
            }
        }
    }
    Ok(unreferenced.into_files())
}

/// Removes those of `files` that no model references, and returns what is left of them. Nothing is
/// removed unless all references can be read.
pub(crate) async fn remove_unreferenced(
    store: &Store,
    location: &Location,
    files: BTreeSet<String>,
) -> Option<Left> {
    let keys = |files: &BTreeSet<String>| -> Vec<Path> {
        files.iter().filter_map(|file| location.weights(file).ok()).collect()
    };
    let all = keys(&files);
    match unreferenced(store, &location.directory, files).await {
        Ok(files) => objects::remove_all(store, keys(&files)).await,
        Err(error) => Left::new(all.into_iter().collect(), &error),
    }
}

/// The weight files that the JSON text of a model has; none where it cannot be read.
pub(crate) fn of(text: &[u8]) -> BTreeSet<String> {
    referenced_files(text).unwrap_or_default()
}
