//! A behaviour's view of the place that it is tried in.

use std::{fmt, sync::Arc};

use futures::StreamExt;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelEntry,
    ModelStore, ModelUrl, SaveResult,
};

use crate::{
    Place,
    seen::{Outcome, Seen, chain},
    snapshot::{Snapshot, Spelling},
};

/// A behaviour's view of the place that it is tried in. Clones share the place.
#[derive(Clone)]
pub struct Context {
    place: Arc<Place>,
    capabilities: Capabilities,
}

impl Context {
    pub(crate) fn new(place: Place) -> Outcome<Self> {
        let capabilities = place.capabilities()?;
        Ok(Self { place: Arc::new(place), capabilities })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    pub(crate) fn options(&self) -> HandlerOptions {
        self.place.options()
    }

    pub(crate) fn url(&self, name: &str) -> Outcome<ModelUrl> {
        Ok(self.place.model(name)?)
    }

    pub(crate) fn handler(&self, name: &str) -> Outcome<Box<dyn IOHandler>> {
        self.handler_with(name, &self.options())
    }

    pub(crate) fn handler_with(
        &self,
        name: &str,
        options: &HandlerOptions,
    ) -> Outcome<Box<dyn IOHandler>> {
        Ok(self.place.open(&self.url(name)?, options)?)
    }

    pub(crate) fn store(&self) -> Outcome<Box<dyn ModelStore>> {
        Ok(self.place.open_store(&self.place.root()?, &self.options())?)
    }

    pub(crate) async fn save(&self, name: &str, artifacts: ModelArtifacts) -> Outcome<SaveResult> {
        Ok(self.handler(name)?.save(artifacts).await?)
    }

    /// Saves, or brings in through the back door where the handler does not save.
    pub(crate) async fn put(&self, name: &str, artifacts: ModelArtifacts) -> Outcome {
        self.inside(self.capabilities.save, name)?.save(artifacts).await?;
        Ok(())
    }

    /// Loads, or brings out through the back door where the handler does not load.
    pub(crate) async fn get(&self, name: &str) -> Result<ModelArtifacts, Error> {
        let handler = self
            .inside(self.capabilities.load, name)
            .map_err(|Seen(text)| Error::new(ErrorKind::Unexpected, text))?;
        handler.load().await
    }

    fn inside(&self, claimed: bool, name: &str) -> Outcome<Box<dyn IOHandler>> {
        match self.place.back_door() {
            Some(behind) if !claimed => Ok(behind.open(&behind.model(name)?, &behind.options())?),
            _ => self.handler(name),
        }
    }

    /// The model `name` as it is now, read whole.
    pub(crate) async fn snapshot(&self, name: &str) -> Outcome<Snapshot> {
        Ok(Snapshot::read(&self.get(name).await?).await?)
    }

    /// The model `name` is `expected`, value by value.
    pub(crate) async fn has(&self, name: &str, expected: &ModelArtifacts) -> Outcome {
        self.snapshot(name).await?.is(&Snapshot::read(expected).await?, Spelling::Any)
    }

    /// There is no model `name`, for whoever looks.
    pub(crate) async fn has_not(&self, name: &str) -> Outcome {
        if self.capabilities.load || self.place.behind().load {
            expect_kind("a load", self.get(name).await, ErrorKind::NotFound)?;
        }
        if self.capabilities.list {
            let url = self.url(name)?;
            expect_kind("`stat`", self.store()?.stat(&url).await, ErrorKind::NotFound)?;
            let listed = self.list().await?;
            ensure!(
                listed.iter().all(|entry| entry.url != url),
                "`list` has {url}, which is not there"
            );
        }
        Ok(())
    }

    /// All models under the root; an entry that is an error is one here.
    pub(crate) async fn list(&self) -> Outcome<Vec<ModelEntry>> {
        self.list_of(&*self.store()?).await
    }

    pub(crate) async fn list_of(&self, store: &dyn ModelStore) -> Outcome<Vec<ModelEntry>> {
        let mut stream = store.list();
        let mut entries = Vec::new();
        while let Some(entry) = stream.next().await {
            entries.push(entry?);
        }
        Ok(entries)
    }

    /// Removes what is there, as far as it goes: failing is for the behaviours to do.
    pub(crate) async fn clear(&self) {
        if !(self.capabilities.list && self.capabilities.remove) {
            return;
        }
        let (Ok(store), Ok(entries)) = (self.store(), self.list().await) else { return };
        for entry in entries {
            let _ = store.remove(&entry.url).await;
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// `what` failed with `kind`; the error, for a closer look.
pub(crate) fn expect_kind<T>(
    what: &str,
    result: Result<T, Error>,
    kind: ErrorKind,
) -> Outcome<Error> {
    match result {
        Ok(_) => Err(Seen(format!("{what} succeeded where `{kind:?}` was due"))),
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => {
            Err(Seen(format!("{what} failed with {}, where `{kind:?}` was due", chain(&error))))
        }
    }
}
