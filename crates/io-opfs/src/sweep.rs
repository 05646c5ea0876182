//! What was left of saves that were cut short: weights that no model has and nobody writes.

use std::collections::BTreeSet;

use io_core::Result;
use io_web::try_lock;

use crate::{files, place::Place, staged::lock_name};

/// How Chromium calls what is written to a file until it is closed. It lists that too.
const SWAP: &str = ".crswap";

/// Removes it, as far as it can be. The caller has the exclusive lock, so that no model comes or
/// goes meanwhile.
///
/// # Errors
///
/// Whatever the browser throws, and where a model cannot be read: its weights might be any.
pub(crate) async fn sweep(place: &Place) -> Result<()> {
    let files = files::names(&place.weights).await?;
    let mut used = BTreeSet::new();
    for (_, record) in place.all().await? {
        used.extend(record?.head.weights);
    }
    for file in files.iter().filter(|file| !used.contains(*file)) {
        let written = file.strip_suffix(SWAP).unwrap_or(file);
        if let Some(_lock) = try_lock(&lock_name(written)).await? {
            // The next one sweeps up what is open somewhere.
            let _ = files::remove(&place.weights, file).await;
        }
    }
    Ok(())
}

/// Whether there may be anything to remove: more files than models with weights.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) async fn is_needed(place: &Place, models: usize) -> Result<bool> {
    Ok(files::names(&place.weights).await?.len() > models)
}
