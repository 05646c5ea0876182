//! What the stores of a browser say and do alike.

use std::time::SystemTime;

use futures::{StreamExt, stream};
use io_core::{
    Error, ErrorKind, ModelArtifacts, ModelArtifactsInfo, ModelEntry, ModelList, ModelUrl,
    Operation, Result,
};

/// The list that `entries` gives once somebody asks for it; if it fails, that is all there is in it.
pub fn list(
    url: ModelUrl,
    entries: impl Future<Output = Result<Vec<Result<ModelEntry>>>> + 'static,
) -> ModelList {
    let entries = async move {
        let context = |error: Error| error.with_context(Operation::List, &url);
        stream::iter(entries.await.unwrap_or_else(|error| vec![Err(context(error))]))
    };
    Box::pin(stream::once(entries).flatten())
}

/// The name of a model, which is all of its URL after `://`.
///
/// # Errors
///
/// `InvalidUrl` when it is empty.
pub fn name_of(url: &ModelUrl) -> Result<&str> {
    match url.rest() {
        "" => Err(Error::new(ErrorKind::InvalidUrl, "the name of the model is empty")),
        name => Ok(name),
    }
}

/// Sizes and date of a model that is removed: zero where it is too damaged to tell. What a list shows
/// as damaged can be cleared away.
///
/// # Errors
///
/// Those of `info`, but not `Corrupt`.
pub fn last_info(info: Result<ModelArtifactsInfo>) -> Result<ModelArtifactsInfo> {
    match info {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            ModelArtifactsInfo::new(&ModelArtifacts::default(), SystemTime::UNIX_EPOCH)
        }
        info => info,
    }
}

/// The error for a model that is there and is not to be replaced.
pub fn exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "there already is a model of this name")
}

/// The error for a model of `needed` bytes that finds no room.
pub fn no_room(needed: Option<u64>, available: Option<u64>) -> Error {
    let kind = ErrorKind::QuotaExceeded { needed, available };
    Error::new(kind, "the model does not fit into what the browser stores for this site")
        .with_hint("remove models, or let the browser store more for this site")
}
