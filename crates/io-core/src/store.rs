//! The models of one place.

use std::fmt;

use async_trait::async_trait;

use crate::{
    BoxStream, Error, MaybeSend, MaybeSync, ModelArtifactsInfo, ModelUrl, Operation, Result,
    SaveResult,
};

/// The models found in a place, one after the other, in any order.
///
/// A model that cannot be read is an error in its place; the ones after it still follow.
pub type ModelList = BoxStream<'static, Result<ModelEntry>>;

/// Lists and manages the models of one place: a folder, a bucket, a browser's storage.
///
/// A store is opened at a root URL. The URLs that it is given are models in that place, in the form
/// that [`list`](Self::list) returns.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait ModelStore: fmt::Debug + MaybeSend + MaybeSync {
    /// The URL that this store was opened with.
    fn url(&self) -> &ModelUrl;

    /// The models at and below the root, at any depth, without reading their weights. Their URLs
    /// are those that they were saved with. A model may lie below another one.
    fn list(&self) -> ModelList;

    /// Sizes and date of one model, without reading its weights.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no such model.
    /// - `Corrupt`: what is there is not a model.
    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry>;

    /// Removes all parts of one model and nothing else, and returns what it was.
    ///
    /// A damaged model goes too where the place itself knows which parts are its own, as a database
    /// does; sizes and date that nobody can read any more are zero then.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no such model.
    /// - `Corrupt`: it is damaged, and only what is damaged said which parts are its own.
    /// - `PermissionDenied`: the place refuses.
    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry>;

    /// Copies a model inside the store, with all that a save promises.
    ///
    /// # Errors
    ///
    /// - `Unsupported`: the store has no way that is better than loading and saving.
    /// - those of a load of `from` and of a save to `to`.
    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let _ = to;
        Err(Error::unsupported(from.scheme(), Operation::Copy))
    }

    /// Renames a model inside the store. At every instant at least one of the two names has the
    /// model, whole.
    ///
    /// # Errors
    ///
    /// - `Unsupported`: the store has no way that is better than copying and removing.
    /// - those of a load of `from` and of a save to `to`.
    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let _ = to;
        Err(Error::unsupported(from.scheme(), Operation::Move))
    }
}

/// A stored model: where it is, and its sizes and date.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// The URL that loads it.
    pub url: ModelUrl,
    /// Sizes and date.
    pub info: ModelArtifactsInfo,
    /// What tells this model from any other that is or was at its place, such as an entity tag. It
    /// can be compared and nothing else; `None` where the store has no such thing, or was not asked:
    /// a [`stat`](ModelStore::stat) asks.
    pub version: Option<String>,
    /// What the caller should know though the operation succeeded, such as objects that a
    /// [`remove`](ModelStore::remove) had to leave: sentences without a full stop.
    pub warnings: Vec<String>,
}

impl ModelEntry {
    /// A model at `url`, whose version is not known.
    pub fn new(url: ModelUrl, info: ModelArtifactsInfo) -> Self {
        Self { url, info, version: None, warnings: Vec::new() }
    }

    /// Sets [`version`](Self::version).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_core::{ModelArtifacts, ModelArtifactsInfo, ModelEntry, ModelUrl, now};
    ///
    /// let info = ModelArtifactsInfo::new(&ModelArtifacts::default(), now())?;
    /// let entry = ModelEntry::new(ModelUrl::parse("memory://m")?, info)
    ///     .with_version(Some("\"an entity tag\"".to_owned()))
    ///     .with_warnings(vec!["1 object of weights stayed behind".to_owned()]);
    /// assert!(entry.version.is_some() && entry.warnings.len() == 1);
    /// # Ok::<(), io_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_version(mut self, version: Option<String>) -> Self {
        self.version = version;
        self
    }

    /// Sets [`warnings`](Self::warnings); [`with_version`](Self::with_version) has an example.
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}
