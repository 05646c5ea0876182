//! Garbage: weight objects of ours that no model has, and uploads that were never completed, left
//! behind by saves that were cut short.

use std::{fmt, sync::Arc};

use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Garbage, GarbageList, GcOptions, Operation, Result};
use object_store::{ObjectMeta, path::Path};

use crate::{ObjectModelStore, error::on, location::Base, names, objects, references, runtime};

/// Finds what is under a root and is no object, in a cloud that has such things.
#[derive(Clone)]
pub(crate) struct Unfinished(
    pub(crate) Arc<dyn Fn(Path, Base, GcOptions) -> GarbageList + Send + Sync>,
);

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unfinished")
    }
}

impl ObjectModelStore {
    /// Finds weight objects of ours under the root that no model beside them has, and removes them
    /// unless it is a dry run, which it is by default. One prefix after the other is looked at as
    /// the stream is polled.
    ///
    /// Only objects with the names that our own saves give are garbage, whatever else there is. A
    /// save that fails or is dropped takes its objects back itself; what a killed process or a lost
    /// connection left is found here. In S3 and Google Cloud Storage, whose clients were opened by
    /// URL, uploads to such names that were never completed are garbage too, where the server lists
    /// them; Azure drops them by itself after a week.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use futures::{TryStreamExt, executor::block_on};
    /// use io_core::{GcOptions, HandlerOptions, ModelUrl};
    /// use io_object_store::ObjectModelStore;
    ///
    /// let store = Arc::new(object_store::memory::InMemory::new());
    /// let url = ModelUrl::parse("mine://models")?;
    /// let models = ObjectModelStore::new(store, url.clone(), &url, HandlerOptions::new())?;
    /// let found = block_on(models.gc(GcOptions::default()).try_collect::<Vec<_>>())?;
    /// assert!(found.is_empty());
    /// # Ok::<(), io_core::Error>(())
    /// ```
    pub fn gc(&self, options: GcOptions) -> GarbageList {
        let own = self.clone();
        let url = self.url.clone();
        let unfinished: GarbageList = match &self.unfinished {
            Some(Unfinished(find)) => find(self.root.clone(), self.base.clone(), options.clone()),
            None => Box::pin(stream::empty()),
        };
        let prefixes = stream::unfold(vec![self.root.clone()], move |mut waiting| {
            let (own, options) = (own.clone(), options.clone());
            async move {
                let prefix = waiting.pop()?;
                let swept = match runtime::spawn(own.sweep(prefix, options)) {
                    Ok(task) => task.await.and_then(|swept| swept),
                    Err(error) => Err(error),
                };
                let found = match swept {
                    Ok((garbage, below)) => {
                        waiting.extend(below);
                        garbage
                    }
                    Err(error) => vec![Err(error)],
                };
                Some((stream::iter(found), waiting))
            }
        });
        let context = move |error: Error| error.with_context(Operation::Remove, &url);
        Box::pin(prefixes.flatten().chain(unfinished).map(move |found| found.map_err(&context)))
    }

    /// The garbage directly under a prefix, and the prefixes below it.
    async fn sweep(
        self,
        prefix: Path,
        options: GcOptions,
    ) -> Result<(Vec<Result<Garbage>>, Vec<Path>)> {
        let root = (!prefix.is_root()).then_some(&prefix);
        let listed = self.store.list_with_delimiter(root).await.map_err(on("list", &prefix))?;
        let mut candidates = listed.objects;
        candidates.retain(|meta| {
            meta.location.filename().is_some_and(names::is_ours)
                && options.is_old(meta.last_modified.into())
        });
        if candidates.is_empty() {
            return Ok((Vec::new(), listed.common_prefixes));
        }
        // Read after the list: a save that was published since has its references in it. A model file
        // that cannot be read may reference any of them.
        let name = |meta: &ObjectMeta| meta.location.filename().unwrap_or_default().to_owned();
        let names = candidates.iter().map(name).collect();
        let unreferenced = match references::unreferenced(&self.store, &prefix, names).await {
            Ok(unreferenced) => unreferenced,
            Err(error) => return Ok((vec![Err(error)], listed.common_prefixes)),
        };
        candidates.retain(|meta| unreferenced.contains(&name(meta)));
        let mut garbage = Vec::with_capacity(candidates.len());
        for meta in candidates {
            garbage.push(self.sweep_object(&meta, &options).await);
        }
        Ok((garbage, listed.common_prefixes))
    }

    async fn sweep_object(&self, meta: &ObjectMeta, options: &GcOptions) -> Result<Garbage> {
        if !options.dry_run {
            match objects::remove(&self.store, &meta.location).await {
                // Somebody else sweeps too.
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Garbage::new(self.base.url(&meta.location)?, meta.size, meta.last_modified.into()))
    }
}
