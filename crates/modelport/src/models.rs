//! One model, or the models of one place, by URL.

use io_core::{
    HandlerOptions, IOHandler, ModelArtifacts, ModelEntry, ModelList, ModelStore, Result,
    SaveResult,
};

use crate::{IntoModelUrl, registry};

/// Saves `model` at `url`, replacing what is there.
///
/// # Errors
///
/// - `UnknownScheme`, `InvalidUrl`, `InvalidInput`: there is no handler for this URL.
/// - those of [`IOHandler::save`].
pub async fn save(url: impl IntoModelUrl, model: ModelArtifacts) -> Result<SaveResult> {
    save_with(url, model, &HandlerOptions::new()).await
}

/// [`save`] with options.
///
/// # Errors
///
/// Those of [`save`]; `AlreadyExists` when the options ask not to replace a model.
pub async fn save_with(
    url: impl IntoModelUrl,
    model: ModelArtifacts,
    options: &HandlerOptions,
) -> Result<SaveResult> {
    handler_with(url, options)?.save(model).await
}

/// Loads the model at `url`. Its weights may stay where they are until they are read.
///
/// # Errors
///
/// - `UnknownScheme`, `InvalidUrl`, `InvalidInput`: there is no handler for this URL.
/// - those of [`IOHandler::load`].
pub async fn load(url: impl IntoModelUrl) -> Result<ModelArtifacts> {
    load_with(url, &HandlerOptions::new()).await
}

/// [`load`] with options.
///
/// # Errors
///
/// Those of [`load`].
pub async fn load_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<ModelArtifacts> {
    handler_with(url, options)?.load().await
}

/// The models under `url`, without reading their weights.
///
/// # Errors
///
/// Those of [`store`]. A model that cannot be read is an error in its place in the stream.
pub fn list_models(url: impl IntoModelUrl) -> Result<ModelList> {
    list_models_with(url, &HandlerOptions::new())
}

/// [`list_models`] with options.
///
/// # Errors
///
/// Those of [`list_models`].
pub fn list_models_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<ModelList> {
    Ok(store_with(url, options)?.list())
}

/// Sizes and date of the model at `url`, without reading its weights.
///
/// # Errors
///
/// Those of [`store`] and of [`ModelStore::stat`].
pub async fn stat_model(url: impl IntoModelUrl) -> Result<ModelEntry> {
    stat_model_with(url, &HandlerOptions::new()).await
}

/// [`stat_model`] with options.
///
/// # Errors
///
/// Those of [`stat_model`].
pub async fn stat_model_with(
    url: impl IntoModelUrl,
    options: &HandlerOptions,
) -> Result<ModelEntry> {
    let url = url.into_model_url()?;
    store_with(&url, options)?.stat(&url).await
}

/// Removes all parts of the model at `url` and nothing else, and returns what it was.
///
/// # Errors
///
/// Those of [`store`] and of [`ModelStore::remove`].
pub async fn remove_model(url: impl IntoModelUrl) -> Result<ModelEntry> {
    remove_model_with(url, &HandlerOptions::new()).await
}

/// [`remove_model`] with options.
///
/// # Errors
///
/// Those of [`remove_model`].
pub async fn remove_model_with(
    url: impl IntoModelUrl,
    options: &HandlerOptions,
) -> Result<ModelEntry> {
    let url = url.into_model_url()?;
    store_with(&url, options)?.remove(&url).await
}

/// The handler of the model at `url`, to keep and use again.
///
/// # Errors
///
/// - `UnknownScheme`: no handler serves the scheme; the message says why.
/// - `InvalidUrl`, `InvalidInput`: what the handler says of the URL and the options.
/// - `DuplicateScheme`: two crates in this program claim one scheme.
pub fn handler(url: impl IntoModelUrl) -> Result<Box<dyn IOHandler>> {
    handler_with(url, &HandlerOptions::new())
}

/// [`handler`] with options.
///
/// # Errors
///
/// Those of [`handler`].
pub fn handler_with(
    url: impl IntoModelUrl,
    options: &HandlerOptions,
) -> Result<Box<dyn IOHandler>> {
    registry()?.handler(&url.into_model_url()?, options)
}

/// The store at `url`, to keep and use again.
///
/// # Errors
///
/// Those of [`handler`]; `Unsupported` when the scheme has no store.
pub fn store(url: impl IntoModelUrl) -> Result<Box<dyn ModelStore>> {
    store_with(url, &HandlerOptions::new())
}

/// [`store`] with options.
///
/// # Errors
///
/// Those of [`store`].
pub fn store_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<Box<dyn ModelStore>> {
    registry()?.store(&url.into_model_url()?, options)
}
