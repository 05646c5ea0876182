//! The weight objects of a model, one by one, for those who look for what is wrong with it.

use std::{ops::Range, sync::Arc};

use futures::TryStreamExt;
use io_core::{BoxFuture, Error, MaybeSend, ModelUrl, Operation, Result, WeightSource};
use io_manifest::{Checksum, FileIntegrity, ModelFiles, ModelJson};
use object_store::{GetOptions, GetRange, path::Path};

use crate::{
    ObjectModelStore, ObjectStoreOptions,
    error::{Cause, on},
    location::Location,
    objects::{self, Store},
    runtime,
    snapshot::WeightObject,
    source::ObjectWeights,
};

/// The objects of a model.
#[derive(Clone, Debug)]
pub struct ObjectFiles {
    store: Store,
    location: Location,
    url: ModelUrl,
    model: ModelJson,
}

impl ObjectModelStore {
    /// Reads the JSON object of one model, and nothing else.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no model.
    /// - `Corrupt`: what is there is not a model file.
    /// - `PermissionDenied`, `Network`, …: what the store refuses with.
    pub async fn files(&self, model_url: &ModelUrl) -> Result<ObjectFiles> {
        let context = |error: Error| error.with_context(Operation::Load, model_url);
        let (store, location) = (self.store.clone(), self.locate(model_url).map_err(context)?);
        let path = location.json().map_err(context)?;
        let read = {
            let store = store.clone();
            async move {
                let json = objects::read_json(&store, &path).await?;
                let json = json.ok_or_else(|| objects::no_model(&path))?;
                ModelJson::parse(&json.text)
            }
        };
        let read = async { runtime::spawn(read)?.await? };
        let model = read.await.map_err(context)?;
        Ok(ObjectFiles { store, location, url: model_url.clone(), model })
    }
}

impl ObjectFiles {
    /// The key of a weight object.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the path leaves the model's prefix.
    pub fn key(&self, path: &str) -> Result<String> {
        Ok(self.location.weights(path)?.to_string())
    }

    /// What `read` gives of the weight object `path`.
    fn with_object<'a, T: MaybeSend + 'static, F>(
        &self,
        path: &str,
        read: impl FnOnce(Store, Path) -> F + MaybeSend + 'a,
    ) -> BoxFuture<'a, Result<T>>
    where
        F: Future<Output = Result<T>> + MaybeSend + 'static,
    {
        let (store, key) = (self.store.clone(), self.location.weights(path));
        Box::pin(async move { runtime::spawn(read(store, key?))?.await? })
    }
}

impl ModelFiles for ObjectFiles {
    fn model(&self) -> &ModelJson {
        &self.model
    }

    fn length<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<u64>> {
        self.with_object(path, |store, key| async move {
            let found = objects::head(&store, &key).await?;
            Ok(found.ok_or_else(|| objects::missing(&key))?.size)
        })
    }

    fn integrity<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<FileIntegrity>> {
        let url = self.url.clone();
        self.with_object(path, |store, key| async move {
            let found = objects::head(&store, &key).await?;
            let meta = found.ok_or_else(|| objects::missing(&key))?;
            let object = WeightObject {
                key,
                start: 0,
                length: meta.size,
                integrity: None,
                e_tag: meta.e_tag,
            };
            // In ranges: one request for all may take longer than one may.
            let mut chunks = ObjectWeights {
                store,
                url,
                files: Arc::new([object]),
                verify: false,
                progress: None,
                concurrency: ObjectStoreOptions::default().concurrency,
            }
            .stream(0..meta.size);
            let mut checksum = Checksum::new();
            while let Some(chunk) = chunks.try_next().await? {
                checksum.update(&chunk);
            }
            Ok(checksum.integrity())
        })
    }

    fn keeps_range<'a>(&'a self, path: &'a str, range: Range<u64>) -> BoxFuture<'a, Result<bool>> {
        self.with_object(path, move |store, key| async move {
            let asked = Some(GetRange::Bounded(range.clone()));
            let options = GetOptions { range: asked, ..GetOptions::default() };
            match store.get_opts(&key, options).await {
                Ok(found) => {
                    let sent = found.range.clone();
                    let bytes = found.bytes().await.map_err(on("read", &key))?;
                    let length = range.end.saturating_sub(range.start);
                    Ok(sent == range && bytes.len() as u64 == length)
                }
                // The client refuses an answer that has more than was asked for.
                Err(error) if Cause::of(&error).to_string().contains("non-partial") => Ok(false),
                Err(error) => Err(on("read", &key)(error)),
            }
        })
    }
}
