//! Copying: inside the store where it can, else by loading and saving.

use io_core::{Error, ErrorKind, ModelUrl, Operation, Registry, Result, SaveResult};

use crate::advice;

use super::{TransferOptions, refuse_emptied, refuse_emptied_at, refuse_same};

/// Copies the model at `from` to `to`, replacing what is there unless the options say otherwise.
///
/// Inside one store its own copy is used, when it has one and the options leave nothing to do on the
/// way. Else the weights stream from one handler into the other and are never all in memory.
///
/// # Errors
///
/// - `InvalidInput`: source and destination are the same.
/// - `Corrupt`: the manifest of the source names no weights though its topology needs some.
/// - `UnknownScheme`, `InvalidUrl`, `InvalidInput`: there is no handler for one of the URLs.
/// - those of [`IOHandler::load`](io_core::IOHandler::load) of the source and of
///   [`IOHandler::save`](io_core::IOHandler::save) to the destination.
pub async fn copy_model(
    registry: &Registry,
    from: &ModelUrl,
    to: &ModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    let context = |error: Error| error.with_context(Operation::Copy, from);
    refuse_same(from, to).map_err(context)?;
    if let Some(saved) = copy_inside(registry, from, to, options).await.map_err(context)? {
        return Ok(saved);
    }
    let source = registry.handler(from, &options.reading())?;
    let destination = registry.handler(to, &options.destination)?;
    if !destination.capabilities().save {
        return Err(
            Error::unsupported(to.scheme(), Operation::Save).with_context(Operation::Save, to)
        );
    }
    let model = advice::load(&*source).await.map_err(context)?;
    refuse_emptied(&model).map_err(context)?;
    destination.save(model).await.map_err(context)
}

/// The store's own copy; `None` where there is none that would do.
async fn copy_inside(
    registry: &Registry,
    from: &ModelUrl,
    to: &ModelUrl,
    options: &TransferOptions,
) -> Result<Option<SaveResult>> {
    let Some(registration) = registry.find(from.scheme()) else { return Ok(None) };
    let can = registration.capabilities.copy
        && registration.store.is_some()
        && registration.schemes.contains(&to.scheme());
    // A store's own copy counts no bytes on the way.
    if !can || !options.allow_fast_path() || options.destination.progress.is_some() {
        return Ok(None);
    }
    refuse_emptied_at(registry, from, options).await?;
    match registry.store(from, &options.reading())?.copy(from, to).await {
        Ok(saved) => Ok(Some(saved)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}
