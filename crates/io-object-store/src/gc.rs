//! Garbage: weight objects of ours that no model has, left behind by saves that were cut short.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, stream};
use io_core::{BoxStream, Error, ModelUrl, Operation, Result};
use object_store::path::Path;

use crate::{ObjectModelStore, error::on, names, objects, parts, runtime};

/// What [`ObjectModelStore::gc`] looks for and what it does.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct GcOptions {
    /// Objects that are younger are left alone: they may belong to a save that still runs. A day by
    /// default; it must be longer than the longest save takes.
    pub older_than: Duration,
    /// Whether garbage is only told of, not removed.
    pub dry_run: bool,
}

impl Default for GcOptions {
    fn default() -> Self {
        Self { older_than: Duration::from_secs(24 * 60 * 60), dry_run: false }
    }
}

impl GcOptions {
    /// Sets [`older_than`](Self::older_than).
    #[must_use]
    pub fn with_older_than(mut self, older_than: Duration) -> Self {
        self.older_than = older_than;
        self
    }

    /// Sets [`dry_run`](Self::dry_run).
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}

/// A weight object that no model has.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Garbage {
    /// Where it is, or was.
    pub url: ModelUrl,
    /// How large it is.
    pub bytes: u64,
    /// When it was written.
    pub written: SystemTime,
}

impl ObjectModelStore {
    /// Finds weight objects of ours under the root that no model beside them has, and removes them
    /// unless it is a dry run. One prefix after the other is looked at as the stream is polled.
    ///
    /// Only objects with the names that our own saves give are garbage, whatever else there is. A
    /// save that fails or is dropped takes its objects back itself; what a killed process or a lost
    /// connection left is found here. Parts of uploads that were never completed are no objects:
    /// for those set a lifecycle rule on the bucket.
    pub fn gc(&self, options: GcOptions) -> BoxStream<'static, Result<Garbage>> {
        let own = self.clone();
        let url = self.url.clone();
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
                        garbage.into_iter().map(Ok).collect()
                    }
                    Err(error) => vec![Err(error)],
                };
                Some((stream::iter(found), waiting))
            }
        });
        let context = move |error: Error| error.with_context(Operation::Remove, &url);
        Box::pin(prefixes.flatten().map(move |found| found.map_err(&context)))
    }

    /// The garbage directly under a prefix, and the prefixes below it.
    async fn sweep(self, prefix: Path, options: GcOptions) -> Result<(Vec<Garbage>, Vec<Path>)> {
        let root = (!prefix.is_root()).then_some(&prefix);
        let listed = self.store.list_with_delimiter(root).await.map_err(on("list", &prefix))?;
        let now = io_core::now();
        let mut candidates = listed.objects;
        candidates.retain(|meta| {
            let age = now.duration_since(meta.last_modified.into()).unwrap_or_default();
            meta.location.filename().is_some_and(names::is_ours) && age >= options.older_than
        });
        if candidates.is_empty() {
            return Ok((Vec::new(), listed.common_prefixes));
        }
        // Read after the list: who has published since has its claims in it.
        let claims = parts::claimed(&self.store, &prefix).await?;
        candidates.retain(|meta| !claims.contains(&meta.location));
        let mut garbage = Vec::with_capacity(candidates.len());
        for meta in candidates {
            if !options.dry_run {
                objects::remove(&self.store, &meta.location).await?;
            }
            garbage.push(Garbage {
                url: self.base.url(&meta.location)?,
                bytes: meta.size,
                written: meta.last_modified.into(),
            });
        }
        Ok((garbage, listed.common_prefixes))
    }
}
