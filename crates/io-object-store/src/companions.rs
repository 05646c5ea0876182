//! Objects beside a model that belong to no model.

use futures::{StreamExt as _, TryStreamExt as _};
use io_core::{Error, ErrorKind, ModelUrl, Operation, Result};
use io_manifest::companion_files;
use object_store::ObjectMeta;

use crate::{
    ObjectModelStore,
    error::{on, shown},
    location, names, objects, runtime,
};

/// Under a prefix with more objects than this, none is taken for a companion.
const MOST_OBJECTS: usize = 1000;
/// A larger JSON object is taken for a model.
const MOST_JSON_BYTES: u64 = 64 << 20;

impl ObjectModelStore {
    /// Returns the names of the objects that lie directly beside the model at `model` and belong to no
    /// model.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there are more than 1,000 objects at and below the model; what the store
    /// refuses with.
    pub async fn companions(&self, model: &ModelUrl) -> Result<Vec<String>> {
        let found = self.find_companions(model).await;
        found.map_err(|error| error.with_context(Operation::List, model))
    }

    async fn find_companions(&self, model: &ModelUrl) -> Result<Vec<String>> {
        let (store, directory) = (self.store.clone(), self.locate(model)?.directory);
        let find = async move {
            let prefix = (!directory.is_root()).then_some(&directory);
            // Not `list_with_delimiter`, which reads every page of a prefix before it returns.
            let listed = store.list(prefix).take(MOST_OBJECTS + 1).try_collect::<Vec<_>>();
            let listed = listed.await.map_err(on("list", &directory))?;
            if listed.len() > MOST_OBJECTS {
                let message =
                    format!("`{}` has more than {MOST_OBJECTS} objects", shown(&directory));
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
            let is_beside =
                |object: &ObjectMeta| object.location.parent().unwrap_or_default() == directory;
            let (mut found, mut jsons) = (Vec::new(), Vec::new());
            for object in listed.into_iter().filter(is_beside) {
                let Some(name) = object.location.filename().map(str::to_owned) else { continue };
                // Leftovers of interrupted saves are for `gc`.
                if names::is_ours(&name) {
                    continue;
                }
                if name.to_ascii_lowercase().ends_with(".json") {
                    if object.size > MOST_JSON_BYTES {
                        continue;
                    }
                    let read = objects::read_json(&store, &object.location).await?;
                    jsons.extend(read.map(|json| (name.clone(), json.text.to_vec())));
                }
                found.push(name);
            }
            Ok(companion_files(found, &jsons))
        };
        runtime::spawn(find)?.await?
    }

    /// Removes the object `name` beside the model at `model`.
    ///
    /// # Errors
    ///
    /// What the store refuses with.
    pub async fn remove_companion(&self, model: &ModelUrl, name: &str) -> Result<()> {
        let removed = async {
            let key = location::child(&self.locate(model)?.directory, name)?;
            let store = self.store.clone();
            runtime::spawn(async move { objects::remove(&store, &key).await })?.await?
        };
        removed.await.map_err(|error: Error| error.with_context(Operation::Remove, model))
    }
}
