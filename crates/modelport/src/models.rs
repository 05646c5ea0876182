//! One model, or the models of one place, by URL.

use bytes::Bytes;
use io_core::{
    HandlerOptions, IOHandler, ModelArtifacts, ModelEntry, ModelList, ModelStore, Result,
    SaveResult, WeightSpec,
};
use io_manifest::read_tensors;

use crate::{IntoModelUrl, advice, registry};

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
    advice::load(&*handler_with(url, options)?).await
}

/// Loads the weights of these `names` from the model at `url`, in their order, and of its bytes those
/// of theirs alone, where the place can be read from the middle.
///
/// ```
/// # futures::executor::block_on(async {
/// use modelport::{DType, ModelArtifacts, WeightSpec, Weights, manifest::Tensor};
///
/// let model = ModelArtifacts {
///     weight_specs: Some(vec![
///         WeightSpec::new("kernel", [1000, 2], DType::Float32),
///         WeightSpec::new("bias", [2], DType::Int32),
///     ]),
///     weight_data: Some(Weights::from([vec![0; 8000], vec![1, 0, 0, 0, 2, 0, 0, 0]].concat())),
///     ..ModelArtifacts::default()
/// };
/// modelport::save("memory://some", model).await?;
///
/// let found = modelport::load_tensors("memory://some", &["bias"]).await?;
/// for (spec, stored) in found {
///     assert_eq!(Tensor { spec: &spec, stored }.to_i32()?, [1, 2]);
/// }
/// # Ok::<(), modelport::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Those of [`load`] and of [`manifest::read_tensors`](crate::manifest::read_tensors), which says what
/// is read besides, and that no checksum is verified.
pub async fn load_tensors(
    url: impl IntoModelUrl,
    names: &[impl AsRef<str>],
) -> Result<Vec<(WeightSpec, Bytes)>> {
    load_tensors_with(url, names, &HandlerOptions::new()).await
}

/// [`load_tensors`] with options.
///
/// # Errors
///
/// Those of [`load_tensors`].
pub async fn load_tensors_with(
    url: impl IntoModelUrl,
    names: &[impl AsRef<str>],
    options: &HandlerOptions,
) -> Result<Vec<(WeightSpec, Bytes)>> {
    let model = load_with(url, options).await?;
    let specs = model.weight_specs.unwrap_or_default();
    read_tensors(&specs, &model.weight_data.unwrap_or_default(), names).await
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
