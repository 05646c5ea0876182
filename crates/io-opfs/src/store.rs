//! The models in the private file system.

use async_trait::async_trait;
use io_core::{
    HandlerOptions, ModelEntry, ModelList, ModelStore, ModelUrl, Operation, Result, SaveResult,
    WriteMode, is_inside, now,
};
use io_web::{last_info, name_of};

use crate::{
    handler::{publish, refused},
    place::{Place, not_found},
    staged::Staged,
    sweep,
};

/// The models whose names begin with the root's.
#[derive(Clone, Debug)]
pub struct OpfsStore {
    url: ModelUrl,
    write_mode: WriteMode,
}

impl OpfsStore {
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
        let place = Place::open().await?;
        let lock = place.shared().await?;
        let all = place.all().await?;
        drop(lock);
        let has_weights = |record: &Result<_>| {
            // A model that cannot be read may have some.
            record.as_ref().map_or(true, |it: &crate::record::Record| it.head.weights.is_some())
        };
        let models = all.iter().filter(|(_, record)| has_weights(record)).count();
        if sweep::is_needed(&place, models).await? {
            // The list is none the worse for what cannot be cleared away.
            let _ = place.change(async move |place| sweep::sweep(&place).await).await;
        }
        let inside = all.into_iter().filter(|(name, _)| is_inside(self.url.rest(), name));
        let entries = inside.map(|(name, record)| {
            let url = ModelUrl::new(self.url.scheme(), &name)?;
            let record = record.map_err(|error| error.with_context(Operation::List, &url))?;
            Ok(ModelEntry::new(url, record.head.info))
        });
        Ok(entries.collect())
    }

    async fn stat_model(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let place = Place::open().await?;
        let _lock = place.shared().await?;
        let record = place.find(name_of(model)?).await?.ok_or_else(not_found)?;
        Ok(ModelEntry::new(model.clone(), record.head.info))
    }

    async fn remove_model(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (name, place) = (name_of(model)?.to_owned(), Place::open().await?);
        let removed = place.change(async move |place| {
            let found = place.find(&name).await.and_then(|found| found.ok_or_else(not_found));
            let info = last_info(found.map(|record| record.head.info))?;
            place.remove(&name).await?;
            // The model is gone; what is left of it is nobody's, and swept up later if need be.
            let _ = sweep::sweep(&place).await;
            Ok(info)
        });
        Ok(ModelEntry::new(model.clone(), removed.await?))
    }

    /// The browser copies the weights; they never enter our memory.
    async fn copy_model(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let (old, new) = (name_of(from)?, name_of(to)?);
        if old == new {
            return Ok(SaveResult::new(to.clone(), self.stat_model(from).await?.info));
        }
        let place = Place::open().await?;
        let lock = place.shared().await?;
        let record = place.find(old).await?.ok_or_else(not_found)?;
        let mut staged = None;
        let needed = record.head.info.weight_data_bytes;
        if let Some(file) = place.weights_of(&record).await? {
            let mut copy = Staged::begin(&place).await?;
            copy.push_blob(&file).await.map_err(|error| refused(error, needed))?;
            copy.close().await.map_err(|error| refused(error, needed))?;
            staged = Some(copy);
        }
        drop(lock);
        let mut info = record.head.info;
        info.date_saved = now();
        let name = new.to_owned();
        let published =
            publish(place, name, info.clone(), record.json, staged, self.write_mode).await;
        published.map_err(|error| refused(error, needed))?;
        Ok(SaveResult::new(to.clone(), info))
    }
}

#[async_trait(?Send)]
impl ModelStore for OpfsStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let store = self.clone();
        io_web::list(self.url.clone(), async move { store.entries().await })
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let found = self.stat_model(model).await;
        found.map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = self.remove_model(model).await;
        removed.map_err(|error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.copy_model(from, to).await;
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }
}
