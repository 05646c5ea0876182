//! One model at one URL.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    Capabilities, MaybeSend, MaybeSync, ModelArtifacts, ModelArtifactsInfo, ModelUrl, Result,
};

/// Saves and loads one model at one URL.
///
/// # Contract
///
/// An implementor owes:
///
/// - **All or nothing.** At every instant a reader sees the old model or the new one, whole,
///   whatever happens to the writer. A failed save leaves the old model loadable.
/// - **What is read is what was written**: every field of the artifacts, unknown keys included, and
///   every byte. Lengths are checked before anything is allocated by them.
/// - **A load is a snapshot**: weights that stream later belong to the model that was loaded, or
///   their stream fails with `Conflict`.
/// - **Dropping a future cancels it**, and nothing half-written stays behind.
/// - **Honest capabilities**: what is not claimed fails with `Unsupported`, naming scheme and
///   operation ([`Error::unsupported`](crate::Error::unsupported)), before anything is touched.
///
/// A caller may keep a handler and use it again and again, also from several tasks at once: of two
/// saves at one time one wins whole. Two handlers of one URL see the same model.
///
/// Implementations write `#[async_trait]` natively and `#[async_trait(?Send)]` on wasm.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait IOHandler: fmt::Debug + MaybeSend + MaybeSync {
    /// The URL that this handler was opened with.
    fn url(&self) -> &ModelUrl;

    /// What this handler can do.
    fn capabilities(&self) -> Capabilities;

    /// Saves `artifacts`, replacing what is there unless the options say otherwise. When it returns,
    /// the model is as durable as the place can make it.
    ///
    /// # Errors
    ///
    /// - `Unsupported`: the handler does not save, or not a model of this form.
    /// - `AlreadyExists`: there is a model and the options ask not to replace it.
    /// - `QuotaExceeded`, `PermissionDenied`, `Network`, …: the place refuses.
    /// - whatever the stream of the weights fails with.
    async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult>;

    /// Loads the model. Weights may be left where they are until they are read; progress is then
    /// that of the reading. While others save, a load finds the old model or the new one.
    ///
    /// # Errors
    ///
    /// - `Unsupported`: the handler does not load.
    /// - `NotFound`: there is no model, or a part of it is missing.
    /// - `Corrupt`: what is there is not a model, or its parts do not fit together.
    /// - `PermissionDenied`, `Network`, …: the place refuses.
    async fn load(&self) -> Result<ModelArtifacts>;
}

/// What a save did (`tf.io.SaveResult`).
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct SaveResult {
    /// Sizes and date of what was saved.
    pub model_artifacts_info: ModelArtifactsInfo,
    /// The URL that loads it.
    pub url: ModelUrl,
    /// What the caller should know though the save succeeded, such as weights of the replaced model
    /// that could not be removed: sentences without a full stop.
    pub warnings: Vec<String>,
}

impl SaveResult {
    /// A model with these sizes, which `url` loads.
    pub fn new(url: ModelUrl, model_artifacts_info: ModelArtifactsInfo) -> Self {
        Self { model_artifacts_info, url, warnings: Vec::new() }
    }

    /// Sets [`warnings`](Self::warnings).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_core::{ModelArtifacts, ModelArtifactsInfo, ModelUrl, SaveResult, now};
    ///
    /// let info = ModelArtifactsInfo::new(&ModelArtifacts::default(), now())?;
    /// let saved = SaveResult::new(ModelUrl::parse("memory://m")?, info)
    ///     .with_warnings(vec!["1 object of weights stayed behind".to_owned()]);
    /// assert_eq!(saved.warnings.len(), 1);
    /// # Ok::<(), io_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}

macro_rules! forward {
    ($pointer:ident) => {
        #[cfg_attr(not(target_family = "wasm"), async_trait)]
        #[cfg_attr(target_family = "wasm", async_trait(?Send))]
        #[deny(clippy::missing_trait_methods)]
        impl<H: IOHandler + ?Sized> IOHandler for $pointer<H> {
            fn url(&self) -> &ModelUrl {
                (**self).url()
            }

            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
                (**self).save(artifacts).await
            }

            async fn load(&self) -> Result<ModelArtifacts> {
                (**self).load().await
            }
        }
    };
}
forward!(Box);
forward!(Arc);
