//! Files that are no models of TensorFlow.js, such as those of Keras, wherever there are files.

use io_core::{Error, ErrorKind, HandlerOptions, Operation, Result, Weights};

use crate::IntoModelUrl;

/// The bytes of the file at `url`, which stay where they are until they are read: of `file://`, of web
/// servers and of object stores.
///
/// # Errors
///
/// - `NotFound`, `PermissionDenied`, `Network`, …: there is no file, or it cannot be read.
/// - `InvalidInput`: there is a directory, or a setting is unknown.
/// - `Unsupported`: such URLs name models, not files.
/// - `UnknownScheme`, `InvalidUrl`: there is no handler for this URL.
///
/// Reading fails with `Conflict` when the file has been replaced meanwhile.
pub async fn open_file(url: impl IntoModelUrl, options: &HandlerOptions) -> Result<Weights> {
    let url = url.into_model_url()?;
    #[cfg(feature = "fs")]
    if io_fs::REGISTRATION.schemes.contains(&url.scheme()) {
        let opened = io_fs::open_file(url.rest().as_ref(), options).await;
        return opened.map_err(|error| error.with_context(Operation::Load, &url));
    }
    #[cfg(feature = "http")]
    if io_http::REGISTRATION.schemes.contains(&url.scheme()) {
        let handler = io_http::HttpHandler::new(url.clone(), options.clone());
        return handler
            .map_err(|error| error.with_context(Operation::Open, &url))?
            .open_file()
            .await;
    }
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Some(place) = io_object_store::place(&url, options)
        .map_err(|error| error.with_context(Operation::Open, &url))?
    {
        return place.store.open_file(&url).await;
    }
    crate::handler_with(url.clone(), options)?;
    Err(no_files(&url).with_context(Operation::Load, &url))
}

/// Makes `bytes` the file at `url`, all or nothing: of `file://` and of object stores. Directories
/// that are not there are made, and with `WriteMode::Create` a file that is there stays. Dropping the
/// future leaves nothing behind.
///
/// # Errors
///
/// - `AlreadyExists`: there is a file that is not to be replaced.
/// - `Unsupported`: such URLs take models, not files; among them those of web servers.
/// - What reading `bytes` fails with.
/// - `PermissionDenied`, `QuotaExceeded`, `Network`, …: the file cannot be written.
/// - `UnknownScheme`, `InvalidUrl`, `InvalidInput`: there is no handler for this URL.
pub async fn save_file(
    url: impl IntoModelUrl,
    bytes: &Weights,
    options: &HandlerOptions,
) -> Result<()> {
    let url = url.into_model_url()?;
    let _ = bytes;
    #[cfg(feature = "fs")]
    if io_fs::REGISTRATION.schemes.contains(&url.scheme()) {
        let saved = io_fs::save_file(url.rest().as_ref(), bytes, options).await;
        return saved.map_err(|error| error.with_context(Operation::Save, &url));
    }
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    if let Some(place) = io_object_store::place(&url, options)
        .map_err(|error| error.with_context(Operation::Open, &url))?
    {
        return place.store.save_file(&url, bytes).await;
    }
    crate::handler_with(url.clone(), options)?;
    Err(no_files(&url).with_context(Operation::Save, &url))
}

fn no_files(url: &io_core::ModelUrl) -> Error {
    let message = format!("`{}://` has models, not files of other formats", url.scheme());
    Error::new(ErrorKind::Unsupported, message)
}
