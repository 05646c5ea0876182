//! Garbage: what saves that were cut short left in a place.

use io_core::{Error, ErrorKind, GarbageList, GcOptions, HandlerOptions, Operation, Result};

use crate::IntoModelUrl;

/// Finds what saves that were cut short left at and below `url` and no model has, and removes it
/// unless the options say that it is a dry run, which is the default. Models are not touched.
///
/// Backends of other crates have ways of their own.
///
/// ```
/// # fn main() -> Result<(), modelport::Error> {
/// # #[cfg(feature = "fs")] {
/// use futures::{TryStreamExt, executor::block_on};
/// use modelport::{GcOptions, HandlerOptions};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let models = root.path().to_str().unwrap();
/// let found = modelport::gc(models, &GcOptions::default(), &HandlerOptions::new())?;
/// for garbage in block_on(found.try_collect::<Vec<_>>())? {
///     println!("{} has {} bytes", garbage.url, garbage.bytes);
/// }
/// # } Ok(()) }
/// ```
///
/// # Errors
///
/// - `Unsupported`: nothing that is left at such URLs can be told from what is in use, or whoever
///   keeps them does it (`http://`: call it where the server keeps its models).
/// - `UnknownScheme`, `InvalidUrl`, `InvalidInput`: there is no handler for this URL.
pub fn gc(
    url: impl IntoModelUrl,
    options: &GcOptions,
    handler_options: &HandlerOptions,
) -> Result<GarbageList> {
    let url = url.into_model_url()?;
    let context = |error: Error| error.with_context(Operation::Open, &url);
    #[cfg(all(feature = "fs", not(target_family = "wasm")))]
    if io_fs::REGISTRATION.schemes.contains(&url.scheme()) {
        let store = io_fs::FsStore::new(url.clone(), handler_options.clone()).map_err(context)?;
        return Ok(store.gc(options.clone()));
    }
    #[cfg(all(
        any(feature = "aws", feature = "gcp", feature = "azure"),
        not(target_family = "wasm")
    ))]
    if let Some(place) = io_object_store::place(&url, handler_options).map_err(context)? {
        return Ok(place.store.gc(options.clone()));
    }
    let _ = options;
    // A scheme that nobody knows is said to be that.
    crate::handler_with(url.clone(), handler_options)?;
    let message = format!("`{}://` has no garbage that can be found", url.scheme());
    let error = context(Error::new(ErrorKind::Unsupported, message));
    Err(if url.scheme().starts_with("http") {
        error.with_hint("call it where the server keeps its models")
    } else {
        error
    })
}
