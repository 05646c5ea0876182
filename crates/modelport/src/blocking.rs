//! The functions of this crate for programs without an async runtime, under the same names.
//!
//! ```
//! use modelport::{Json, ModelArtifacts, blocking};
//!
//! let model = ModelArtifacts {
//!     model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#)?),
//!     ..ModelArtifacts::default()
//! };
//! blocking::save("memory://blocking/demo", model)?;
//! for entry in blocking::list_models("memory://blocking")? {
//!     println!("{}", entry?.url);
//! }
//! # Ok::<(), modelport::Error>(())
//! ```
//!
//! Each waits in the calling thread until the operation is done. Backends that need a runtime have
//! one of their own, so none has to be started, and a call from a task of another runtime, such as
//! tokio's, works too: it holds up the thread of that task. Where no thread may wait, inside an
//! executor of the crate `futures`, each function fails with `Unsupported` before anything is
//! touched.
//!
//! Weights that were loaded may still be where they are. [`block_on`] waits for any future, that of
//! [`Weights::read`](crate::Weights::read) among them.

use std::fmt;

use bytes::Bytes;
use futures::{StreamExt, executor};
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelArtifacts, ModelEntry, ModelList, Result, SaveResult,
    WeightSpec,
};

use crate::{IntoModelUrl, TransferOptions, VerifyReport};

/// Waits for `future` in this thread.
///
/// ```
/// use modelport::{Weights, blocking};
///
/// let weights = Weights::from(vec![1, 2, 3]);
/// assert_eq!(blocking::block_on(weights.to_bytes())?, &[1, 2, 3][..]);
/// # Ok::<(), modelport::Error>(())
/// ```
///
/// # Errors
///
/// `Unsupported` inside an executor of the crate `futures`, where no thread may wait; whatever the
/// future gives.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    may_wait()?;
    executor::block_on(future)
}

/// [`crate::save`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::save`] and [`block_on`].
pub fn save(url: impl IntoModelUrl, model: ModelArtifacts) -> Result<SaveResult> {
    block_on(crate::save(url, model))
}

/// [`crate::save_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::save_with`] and [`block_on`].
pub fn save_with(
    url: impl IntoModelUrl,
    model: ModelArtifacts,
    options: &HandlerOptions,
) -> Result<SaveResult> {
    block_on(crate::save_with(url, model, options))
}

/// [`crate::load`], waiting for it. The weights may still be where they are.
///
/// # Errors
///
/// Those of [`crate::load`] and [`block_on`].
pub fn load(url: impl IntoModelUrl) -> Result<ModelArtifacts> {
    block_on(crate::load(url))
}

/// [`crate::load_with`], waiting for it. The weights may still be where they are.
///
/// # Errors
///
/// Those of [`crate::load_with`] and [`block_on`].
pub fn load_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<ModelArtifacts> {
    block_on(crate::load_with(url, options))
}

/// [`crate::load_tensors`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::load_tensors`] and [`block_on`].
pub fn load_tensors(
    url: impl IntoModelUrl,
    names: &[impl AsRef<str>],
) -> Result<Vec<(WeightSpec, Bytes)>> {
    block_on(crate::load_tensors(url, names))
}

/// [`crate::load_tensors_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::load_tensors_with`] and [`block_on`].
pub fn load_tensors_with(
    url: impl IntoModelUrl,
    names: &[impl AsRef<str>],
    options: &HandlerOptions,
) -> Result<Vec<(WeightSpec, Bytes)>> {
    block_on(crate::load_tensors_with(url, names, options))
}

/// [`crate::list_models`], as an iterator that waits for each model.
///
/// # Errors
///
/// Those of [`crate::list_models`] and [`block_on`]; those of a single model are in the iterator.
pub fn list_models(url: impl IntoModelUrl) -> Result<Models> {
    list_models_with(url, &HandlerOptions::new())
}

/// [`crate::list_models_with`], as an iterator that waits for each model.
///
/// # Errors
///
/// Those of [`crate::list_models_with`] and [`block_on`]; those of a single model are in the
/// iterator.
pub fn list_models_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<Models> {
    may_wait()?;
    Ok(Models(Some(crate::list_models_with(url, options)?)))
}

/// [`crate::stat_model`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::stat_model`] and [`block_on`].
pub fn stat_model(url: impl IntoModelUrl) -> Result<ModelEntry> {
    block_on(crate::stat_model(url))
}

/// [`crate::stat_model_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::stat_model_with`] and [`block_on`].
pub fn stat_model_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<ModelEntry> {
    block_on(crate::stat_model_with(url, options))
}

/// [`crate::remove_model`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::remove_model`] and [`block_on`].
pub fn remove_model(url: impl IntoModelUrl) -> Result<ModelEntry> {
    block_on(crate::remove_model(url))
}

/// [`crate::remove_model_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::remove_model_with`] and [`block_on`].
pub fn remove_model_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<ModelEntry> {
    block_on(crate::remove_model_with(url, options))
}

/// [`crate::verify_model`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::verify_model`] and [`block_on`].
pub fn verify_model(url: impl IntoModelUrl) -> Result<VerifyReport> {
    block_on(crate::verify_model(url))
}

/// [`crate::verify_model_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::verify_model_with`] and [`block_on`].
pub fn verify_model_with(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<VerifyReport> {
    block_on(crate::verify_model_with(url, options))
}

/// [`crate::copy_model`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::copy_model`] and [`block_on`].
pub fn copy_model(from: impl IntoModelUrl, to: impl IntoModelUrl) -> Result<SaveResult> {
    block_on(crate::copy_model(from, to))
}

/// [`crate::copy_model_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::copy_model_with`] and [`block_on`].
pub fn copy_model_with(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    block_on(crate::copy_model_with(from, to, options))
}

/// [`crate::move_model`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::move_model`] and [`block_on`].
pub fn move_model(from: impl IntoModelUrl, to: impl IntoModelUrl) -> Result<SaveResult> {
    block_on(crate::move_model(from, to))
}

/// [`crate::move_model_with`], waiting for it.
///
/// # Errors
///
/// Those of [`crate::move_model_with`] and [`block_on`].
pub fn move_model_with(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    block_on(crate::move_model_with(from, to, options))
}

/// The models of a place, one after the other. After an error that ends the list there is nothing
/// more.
pub struct Models(Option<ModelList>);

impl Iterator for Models {
    type Item = Result<ModelEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.0.as_mut()?;
        if let Err(error) = may_wait() {
            self.0 = None;
            return Some(Err(error));
        }
        let next = executor::block_on(list.next());
        if next.is_none() {
            self.0 = None;
        }
        next
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").finish_non_exhaustive()
    }
}

/// `futures` panics where a thread waits that it runs already.
fn may_wait() -> Result<()> {
    executor::enter().map(drop).map_err(|_| {
        Error::new(ErrorKind::Unsupported, "this thread already runs an executor, and may not wait")
            .with_hint("await the function of the same name outside `modelport::blocking`")
    })
}
