//! Moving: a rename where the store has one, else copy, read back, compare, and only then remove.

use io_core::{
    Error, ErrorKind, ModelEntry, ModelStore, ModelUrl, Operation, Registration, Registry, Result,
    SaveResult,
};

use crate::advice;

use super::{TransferOptions, compare, digest, refuse_emptied, refuse_emptied_at, refuse_same};

const UNTOUCHED: &str = "the source is untouched";
const CHANGED: &str = "it changed while it was moved, or is the destination by another name";

/// Moves the model at `from` to `to`, replacing what is there unless the options say otherwise.
///
/// Inside one store its own rename is used, when it has one and nothing is replaced. Else the model
/// is copied, read back through a fresh handler and compared with the source in every part; only
/// then is the source removed. Until that, any failure leaves the source untouched, and the hint of
/// the error says so.
///
/// # Errors
///
/// - `InvalidInput`: source and destination are the same.
/// - `Unsupported`: the source cannot be removed, or the destination cannot be read back or keeps
///   models for a shorter time than the source; nothing was written.
/// - `Corrupt`: the destination does not have what the source has, or the manifest of the source names
///   no weights though its topology needs some.
/// - `Conflict`: the source changed on the way.
/// - those of [`copy_model`](super::copy_model) and of [`ModelStore::remove`].
pub async fn move_model(
    registry: &Registry,
    from: &ModelUrl,
    to: &ModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    let context = |error: Error| error.with_context(Operation::Move, from);
    refuse_same(from, to).map_err(context)?;
    refuse_to_lose(registry, from, to).map_err(context)?;
    let store = removing_store(registry, from, options).map_err(context)?;
    // A model that cannot be read is not moved at all, not even by a rename.
    let before = match stat(&*store, from).await {
        Ok(before) => before,
        Err(error) => return Err(context(advice::advise(error, from).await)),
    };
    refuse_to_stay(registry, from, options).map_err(context)?;
    let inside = registry
        .find(from.scheme())
        .filter(|registration| registration.schemes.contains(&to.scheme()));
    if before.as_ref().is_none_or(|before| before.info.weight_data_bytes == 0) {
        refuse_emptied_at(registry, from, options).await.map_err(context)?;
    }
    if let Some(registration) = inside
        && let Some(saved) = rename(registration, &*store, from, to, options).await?
    {
        options.tell_done(&saved);
        return Ok(saved);
    }

    let untouched = |error| context(add_hint(error, UNTOUCHED));
    let saved = copy_and_compare(registry, from, to, options).await.map_err(untouched)?;
    let after = stat(&*store, from).await.map_err(untouched)?;
    refuse_changed(before.as_ref(), after.as_ref()).map_err(untouched)?;
    if inside.is_some() {
        let there = stat(&*store, to).await.map_err(untouched)?;
        refuse_alias(after.as_ref(), there.as_ref()).map_err(untouched)?;
    }
    let removed = store.remove(from).await.map_err(|error| {
        let message = format!("the model is now at {to}, but it could not be removed here");
        Error::new(error.kind(), message)
            .with_source(error)
            .with_context(Operation::Move, from)
            .with_hint("the copy was verified; remove the source by hand")
    })?;
    let warnings = [saved.warnings.clone(), removed.warnings].concat();
    Ok(saved.with_warnings(warnings))
}

/// Refuses to move what is kept to a place that keeps it only as long as the process runs.
fn refuse_to_lose(registry: &Registry, from: &ModelUrl, to: &ModelUrl) -> Result<()> {
    let keeps = |url: &ModelUrl| {
        registry.find(url.scheme()).is_none_or(|entry| entry.capabilities.persistent)
    };
    if keeps(from) && !keeps(to) {
        let message = format!("`{}://` does not keep models after this process", to.scheme());
        return Err(Error::new(ErrorKind::Unsupported, message)
            .with_hint("copy the model instead; nothing was written"));
    }
    Ok(())
}

/// The store of the source, when it can remove models.
fn removing_store(
    registry: &Registry,
    from: &ModelUrl,
    options: &TransferOptions,
) -> Result<Box<dyn ModelStore>> {
    let removes = |entry: &Registration| entry.capabilities.remove && entry.store.is_some();
    match registry.find(from.scheme()) {
        Some(registration) if !removes(registration) => {
            Err(Error::unsupported(from.scheme(), Operation::Remove)
                .with_hint("copy the model instead; nothing was written"))
        }
        // An unknown scheme is for the registry to explain.
        _ => registry.store(from, &options.reading()),
    }
}

/// Refuses what its own place cannot remove, which some places say only when they have been asked.
fn refuse_to_stay(registry: &Registry, from: &ModelUrl, options: &TransferOptions) -> Result<()> {
    if registry.handler(from, &options.reading())?.capabilities().remove {
        return Ok(());
    }
    Err(Error::unsupported(from.scheme(), Operation::Remove)
        .with_hint("copy the model instead; nothing was written"))
}

/// The store's own rename; `None` where there is none that would do.
async fn rename(
    registration: &Registration,
    store: &dyn ModelStore,
    from: &ModelUrl,
    to: &ModelUrl,
    options: &TransferOptions,
) -> Result<Option<SaveResult>> {
    if !registration.capabilities.rename || !options.allow_fast_path() {
        return Ok(None);
    }
    // What is already there may be the source by another name, and then a rename onto it could end
    // with neither. Only the long way can tell.
    match store.stat(to).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        _ => return Ok(None),
    }
    match store.rename(from, to).await {
        Ok(saved) => Ok(Some(saved)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => {
            let error = error.with_context(Operation::Move, from);
            // A rename ends at either name: look before saying so.
            Err(match store.stat(from).await {
                Ok(_) => add_hint(error, UNTOUCHED),
                Err(_) => error,
            })
        }
    }
}

/// Copies, reads the copy back, and fails unless it is what the source is.
async fn copy_and_compare(
    registry: &Registry,
    from: &ModelUrl,
    to: &ModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    let source = registry.handler(from, &options.reading())?;
    let destination = registry.handler(to, &options.destination)?;
    let can = destination.capabilities();
    if !can.save || !can.load {
        let missing = if can.save { Operation::Load } else { Operation::Save };
        return Err(Error::unsupported(to.scheme(), missing).with_context(missing, to));
    }
    let original = source.load().await?;
    refuse_emptied(&original)?;
    let (outgoing, seen) = digest::digesting(original.clone());
    let saved = destination.save(outgoing).await?;

    let unverified = |error: Error| {
        Error::new(error.kind(), "the copy does not verify")
            .with_source(error)
            .with_context(Operation::Verify, to)
    };
    let copied = registry.handler(to, &options.reading_back())?.load().await.map_err(unverified)?;
    compare::same_parts(&original, &copied).map_err(unverified)?;
    let expected = seen.finish(&original).await?;
    if digest::digest(&copied).await.map_err(unverified)? != expected {
        return Err(unverified(Error::corrupt("its weights are not those of the source")));
    }
    Ok(saved)
}

/// Sizes and date of the source; `None` where the store cannot say.
async fn stat(store: &dyn ModelStore, model: &ModelUrl) -> Result<Option<ModelEntry>> {
    match store.stat(model).await {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// Fails when somebody saved at the source meanwhile: that model was not copied.
fn refuse_changed(before: Option<&ModelEntry>, after: Option<&ModelEntry>) -> Result<()> {
    match (before, after) {
        (Some(before), Some(after))
            if (&before.info, &before.version) != (&after.info, &after.version) =>
        {
            Err(Error::new(ErrorKind::Conflict, CHANGED))
        }
        _ => Ok(()),
    }
}

/// Fails when source and destination are of one moment: they are one model by two names, and to
/// remove one would be to remove both. Two models of one moment are refused with them, to be safe.
fn refuse_alias(source: Option<&ModelEntry>, destination: Option<&ModelEntry>) -> Result<()> {
    match (source, destination) {
        (Some(source), Some(destination))
            if source.info.date_saved == destination.info.date_saved =>
        {
            Err(Error::new(ErrorKind::Conflict, CHANGED))
        }
        _ => Ok(()),
    }
}

/// The error with `hint` after its own.
fn add_hint(error: Error, hint: &str) -> Error {
    let hint = match error.hint() {
        Some(own) if own.contains(hint) => own.to_owned(),
        Some(own) => format!("{own}; {hint}"),
        None => hint.to_owned(),
    };
    error.with_hint(hint)
}
