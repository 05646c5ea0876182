//! Hints for errors of a model that cannot be read: what is there instead, and the next step.

use io_core::{Error, IOHandler, ModelArtifacts, ModelUrl, Result};

/// Loads a model; an error says what the user can do, where a look around the URL tells.
pub(crate) async fn load(handler: &dyn IOHandler) -> Result<ModelArtifacts> {
    match handler.load().await {
        Ok(model) => Ok(model),
        Err(error) => Err(advise(error, handler.url()).await),
    }
}

/// Adds a hint to the error of reading the model at `url`, unless it has one.
pub(crate) async fn advise(error: Error, url: &ModelUrl) -> Error {
    #[cfg(all(feature = "fs", not(target_family = "wasm")))]
    {
        use io_core::ErrorKind;

        let may_help = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt);
        if may_help && error.hint().is_none() && io_fs::REGISTRATION.schemes.contains(&url.scheme())
        {
            return match io_fs::advice(url).await {
                Some(hint) => error.with_hint(hint),
                None => error,
            };
        }
    }
    let _ = url;
    error
}
