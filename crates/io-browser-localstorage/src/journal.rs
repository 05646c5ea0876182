//! Changes of several keys that happen as a whole, though browsers change one key at a time and a
//! tab may die between two.
//!
//! A save first notes what it is about to do, in a key of ours. Then it sets the weights: one key,
//! so they are the old ones or the new ones, and that decides. The other keys, which are small and
//! for which room has been kept, follow; the note goes last. Whoever finds a note, under the lock,
//! completes the change if the weights are the new ones, or else forgets it: everything else is
//! still as it was. So there is never a second copy of the weights, which may well take most of the
//! room that there is. A first save for whose note there is no room does without.

use io_core::{ErrorKind, Json, Result};
use io_manifest::FileIntegrity;
use js_sys::{JsString, Uint8Array};
use serde::{Deserialize, Serialize};

use crate::{
    keys::Keys,
    record::{Integrity, Texts},
    storage::{Storage, StoredTexts, units},
};

/// The note. TensorFlow.js looks at no such key.
pub(crate) const NOTE: &str = "modelport/unfinished";

/// Holds the room that the small keys are going to need.
const ROOM: &str = "modelport/room";

/// Sets all keys of a model or none. `weights` is what the text of the weights stands for.
///
/// # Errors
///
/// Whatever the browser throws; then nothing has changed.
pub(crate) fn save(
    storage: &Storage,
    keys: &Keys,
    texts: &StoredTexts,
    weights: FileIntegrity,
) -> Result<()> {
    let Texts { info, topology, specs, data, metadata } = texts;
    let small = [topology, specs, metadata, info].map(Clone::clone);
    let mut growth = 0;
    for (key, text) in keys.small().into_iter().zip(&small) {
        let before = storage.units_of(key)?;
        growth += (units(key) + units(text)).saturating_sub(before);
    }
    let after = After { small, weights: weights.into() };
    let note = Note::new(storage, keys, Some(after))?;
    let decided = storage
        .set(NOTE, Json::new(&note)?.get())
        .and_then(|()| storage.set(ROOM, &"-".repeat(growth)))
        .and_then(|()| storage.set_text(keys.data(), data));
    if decided.is_ok() {
        note.complete(storage, keys)?;
    }
    forget(storage)?;
    match (decided, &note) {
        (Err(error), Note { before: None, after: Some(After { small, .. }), .. })
            if matches!(error.kind(), ErrorKind::QuotaExceeded { .. }) =>
        {
            save_first(storage, keys, small, data)
        }
        (decided, _) => decided,
    }
}

/// The same for a model that was not there, without a note: that takes as much room again as all
/// texts but the weights. The key by which the model is there comes last, so a tab that dies before
/// leaves no model, but may leave keys.
fn save_first(storage: &Storage, keys: &Keys, small: &[String; 4], data: &JsString) -> Result<()> {
    let mut pairs = keys.small().into_iter().zip(small);
    let stored = storage
        .set_text(keys.data(), data)
        .and_then(|()| pairs.try_for_each(|(key, text)| storage.set(key, text)));
    if stored.is_err() {
        keys.names.iter().try_for_each(|key| storage.unset(key))?;
    }
    stored
}

/// Removes all keys of a model.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn remove(storage: &Storage, keys: &Keys) -> Result<()> {
    let note = Note::new(storage, keys, None)?;
    // Where not even this fits, the order of the keys has to do.
    let _ = storage.set(NOTE, Json::new(&note)?.get());
    note.complete(storage, keys)?;
    forget(storage)
}

/// Completes or forgets what a tab that is no more has left. The lock is held.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn settle(storage: &Storage) -> Result<()> {
    let Some(text) = storage.get(NOTE)? else { return Ok(()) };
    // What is not ours to read is not ours to follow either.
    if let Ok(note) = serde_json::from_str::<Note>(&text)
        && let Ok(keys) = Keys::of(&note.model)
        && note.is_decided(storage, &keys)?
    {
        note.complete(storage, &keys)?;
    }
    forget(storage)
}

fn forget(storage: &Storage) -> Result<()> {
    storage.unset(ROOM)?;
    storage.unset(NOTE)
}

/// What is about to happen to a model.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    model: String,
    /// What its `info` was.
    before: Option<String>,
    /// What it is to be; `None` when it is to be removed.
    after: Option<After>,
}

#[derive(Debug, Serialize, Deserialize)]
struct After {
    /// In the order of [`Keys::small`].
    small: [String; 4],
    weights: Integrity,
}

impl Note {
    fn new(storage: &Storage, keys: &Keys, after: Option<After>) -> Result<Self> {
        Ok(Self { model: keys.model().to_owned(), before: storage.get(keys.info())?, after })
    }

    /// Whether the change has reached the point of no return, and nobody has changed the model
    /// since: TensorFlow.js, which knows of no notes, sets and removes `info` first.
    fn is_decided(&self, storage: &Storage, keys: &Keys) -> Result<bool> {
        let info = storage.get(keys.info())?;
        let Some(After { small: [.., new_info], weights }) = &self.after else {
            return Ok(info.is_none());
        };
        if info != self.before && info.as_ref() != Some(new_info) {
            return Ok(false);
        }
        let Some(text) = storage.get_text(keys.data())? else { return Ok(false) };
        let found = io_web::decode_base64(&text)
            .and_then(|data| io_web::integrity_of(&Uint8Array::new(&data)));
        Ok(found.is_ok_and(|found| *weights == found.into()))
    }

    /// Does the rest, for which there is room.
    fn complete(&self, storage: &Storage, keys: &Keys) -> Result<()> {
        let Some(After { small, .. }) = &self.after else {
            return keys.names.iter().try_for_each(|key| storage.unset(key));
        };
        storage.unset(ROOM)?;
        let mut pairs = keys.small().into_iter().zip(small);
        pairs.try_for_each(|(key, text)| storage.set(key, text))
    }
}
