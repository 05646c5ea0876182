//! The models of a database.

use async_trait::async_trait;
use blocking::unblock;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelEntry, ModelList, ModelStore, ModelUrl, Operation,
    Result, SaveResult, WriteMode,
};

use crate::{database::Database, location::Location};

/// The models of a database whose names begin with the root's.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    url: ModelUrl,
    location: Location,
    write_mode: WriteMode,
}

impl SqliteStore {
    /// The models under `url`; all of the file, when it has no name.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL names no file.
    /// - `InvalidInput`: there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        let location = Location::of_store(&url)?;
        Ok(Self { url, location, write_mode: options.write_mode })
    }

    async fn put_again(&self, from: &ModelUrl, to: &ModelUrl, instead: bool) -> Result<SaveResult> {
        let (old, new) = (Location::of_model(from)?, Location::of_model(to)?);
        if old.file != new.file {
            let message = "the two models are in different databases";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let (url, mode) = (to.clone(), self.write_mode);
        unblock(move || {
            Database::open(&old)?.put_again(&old.name, (&new.name, &url), mode, instead)
        })
        .await
    }
}

#[async_trait]
impl ModelStore for SqliteStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let (root, location) = (self.url.clone(), self.location.clone());
        // One model at a time, after the name of the last: nothing is held while nobody asks.
        let entries = stream::try_unfold((None, String::new()), move |(database, after)| {
            let (root, location) = (root.clone(), location.clone());
            unblock(move || {
                let database = match database {
                    Some(open) => open,
                    None => match Database::open(&location) {
                        Ok(opened) => opened,
                        // A file that no save has made yet has no models.
                        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                        Err(error) => return Err(error),
                    },
                };
                let found = database.next(&root, &location.name, &after)?;
                Ok(found.map(|(name, entry)| (entry, (Some(database), name))))
            })
        });
        let url = self.url.clone();
        entries.map_err(move |error: Error| error.with_context(Operation::List, &url)).boxed()
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let find = async {
            let location = Location::of_model(model)?;
            unblock(move || Database::open(&location)?.find(&location.name)).await
        };
        let stored = find.await.map_err(|error| error.with_context(Operation::Stat, model))?;
        Ok(ModelEntry::new(model.clone(), stored.info))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let remove = async {
            let location = Location::of_model(model)?;
            unblock(move || Database::open(&location)?.remove(&location.name)).await
        };
        let info = remove.await.map_err(|error| error.with_context(Operation::Remove, model))?;
        Ok(ModelEntry::new(model.clone(), info))
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
