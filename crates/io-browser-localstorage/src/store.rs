//! The models in local storage.

use async_trait::async_trait;
use io_core::{
    Error, ErrorKind, HandlerOptions, Json, ModelEntry, ModelList, ModelStore, ModelUrl, Operation,
    Result, SaveResult, WriteMode, is_inside, now,
};
use io_web::{LockMode, last_info};
use js_sys::Uint8Array;

use crate::{
    journal,
    keys::{self, Keys},
    record::{self, Texts},
    storage::Storage,
};

/// The models in local storage whose names begin with the root's.
#[derive(Clone, Debug)]
pub struct LocalStorageStore {
    url: ModelUrl,
    write_mode: WriteMode,
}

impl LocalStorageStore {
    /// The models under `url`; all, when that has no name.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        Ok(Self { url, write_mode: options.write_mode })
    }

    async fn entries(&self) -> Result<Vec<Result<ModelEntry>>> {
        let storage = Storage::open()?;
        // What is listed has its first key; the others may be on their way from another tab.
        let lacks_a_key = |entry: &Result<_>| {
            entry.as_ref().is_err_and(|error: &Error| error.kind() == ErrorKind::NotFound)
        };
        let is_half_seen = |found: &Result<Vec<_>>| {
            found.as_ref().is_ok_and(|entries| entries.iter().any(lacks_a_key))
        };
        storage.read_now(|| self.entries_now(&storage), is_half_seen).await
    }

    fn entries_now(&self, storage: &Storage) -> Result<Vec<Result<ModelEntry>>> {
        let mut entries = Vec::new();
        for key in storage.keys()? {
            match keys::model_of(&key) {
                None => {}
                Some(Ok(name)) if is_inside(self.url.rest(), name) => {
                    let url = ModelUrl::new(self.url.scheme(), name)?;
                    let found = entry(storage, &url);
                    entries.push(found.map_err(|error| error.with_context(Operation::List, &url)));
                }
                // What names no model lies under no root but the whole.
                Some(Err(error)) if self.url.rest().is_empty() => entries.push(Err(error)),
                Some(_) => {}
            }
        }
        Ok(entries)
    }

    /// Puts the model `from` under the name `to` also, or instead.
    async fn put_again(&self, from: &ModelUrl, to: &ModelUrl, instead: bool) -> Result<SaveResult> {
        let (old, new) = (Keys::new(from)?, Keys::new(to)?);
        let storage = Storage::open()?;
        let read = || {
            let found = storage.read(&old)?;
            // What is damaged is not spread.
            let (_, weights) = record::decode(found.clone(), io_web::decode_base64, true)?;
            let weights =
                weights.map_or_else(|| Uint8Array::new_with_length(0), |it| Uint8Array::new(&it));
            Ok((found, io_web::integrity_of(&weights)?))
        };
        let is_half_seen = |found: &_| storage.is_half_seen(&old, found);
        let ((found, weights), _lock) =
            storage.look(LockMode::Exclusive, read, is_half_seen).await?;
        let saved = found.info.unwrap_or_default();
        let mut info = record::read_info(&saved)?;
        if from.rest() == to.rest() {
            return Ok(SaveResult::new(to.clone(), info));
        }
        let mut texts = Texts {
            info: saved,
            topology: found.topology.unwrap_or_default(),
            specs: found.specs.unwrap_or_default(),
            data: found.data.unwrap_or_else(|| "".into()),
            // A model of old has none, and an empty text would be no metadata.
            metadata: found.metadata.unwrap_or_else(|| "{}".to_owned()),
        };
        if !instead {
            info.date_saved = now();
            texts.info = Json::new(&info)?.get().to_owned();
        }
        storage.write(&new, &texts, weights, self.write_mode)?;
        if instead {
            journal::remove(&storage, &old)?;
        }
        Ok(SaveResult::new(to.clone(), info))
    }
}

/// Sizes and date of a model that has all its keys.
fn entry(storage: &Storage, url: &ModelUrl) -> Result<ModelEntry> {
    let keys = Keys::new(url)?;
    storage.check_complete(&keys)?;
    let info = storage.get(keys.info())?.ok_or_else(record::not_found)?;
    Ok(ModelEntry::new(url.clone(), record::read_info(&info)?))
}

#[async_trait(?Send)]
#[deny(clippy::missing_trait_methods)]
impl ModelStore for LocalStorageStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let store = self.clone();
        io_web::list(self.url.clone(), async move { store.entries().await })
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let found = async {
            let storage = Storage::open()?;
            let keys = Keys::new(model)?;
            let is_half_seen = |found: &_| storage.is_half_seen(&keys, found);
            storage.read_now(|| entry(&storage, model), is_half_seen).await
        };
        found.await.map_err(|error: Error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = async {
            let storage = Storage::open()?;
            let _lock = storage.lock(LockMode::Exclusive).await?;
            let keys = Keys::new(model)?;
            // A model that lacks a part can be removed like any other.
            let info = storage.get(keys.info())?.ok_or_else(record::not_found)?;
            let found = ModelEntry::new(model.clone(), last_info(record::read_info(&info))?);
            journal::remove(&storage, &keys)?;
            Ok(found)
        };
        removed.await.map_err(|error: Error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.put_again(from, to, false).await;
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let renamed = self.put_again(from, to, true).await;
        renamed.map_err(|error| error.with_context(Operation::Move, from))
    }
}
