//! `memory://`: models in this process; the reference handler and the test double.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::{StreamExt, stream};

use crate::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelArtifactsInfo,
    ModelEntry, ModelList, ModelStore, ModelUrl, Operation, ProgressMeter, Result, SaveResult,
    Weights, WriteMode, is_inside,
};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create();

crate::register_handler! {
    name: "memory",
    schemes: ["memory"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(MemoryHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| {
        options.read_settings(&[])?;
        Ok(Box::new(MemoryStore { url: url.clone(), write_mode: options.write_mode }))
    }),
}

/// The models, by the text after `memory://`.
type Models = BTreeMap<String, StoredModel>;

#[derive(Clone)]
struct StoredModel {
    artifacts: ModelArtifacts,
    info: ModelArtifactsInfo,
}

/// Calls `work` with the models of this process.
#[cfg(not(target_family = "wasm"))]
fn with_models<R>(work: impl FnOnce(&mut Models) -> R) -> R {
    static MODELS: std::sync::Mutex<Models> = std::sync::Mutex::new(Models::new());
    // Every change is one call on the map, so a poisoned lock still guards whole models.
    work(&mut MODELS.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Calls `work` with the models of this worker: weights may hold what cannot leave it.
#[cfg(target_family = "wasm")]
fn with_models<R>(work: impl FnOnce(&mut Models) -> R) -> R {
    thread_local! {
        static MODELS: std::cell::RefCell<Models> = const { std::cell::RefCell::new(Models::new()) };
    }
    MODELS.with_borrow_mut(work)
}

fn insert(
    models: &mut Models,
    url: &ModelUrl,
    model: StoredModel,
    write_mode: WriteMode,
) -> Result<()> {
    if write_mode == WriteMode::Create && models.contains_key(url.rest()) {
        let message = "there already is a model of this name";
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    models.insert(url.rest().to_owned(), model);
    Ok(())
}

fn find(url: &ModelUrl) -> Result<StoredModel> {
    with_models(|models| models.get(url.rest()).cloned()).ok_or_else(not_found)
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no model of this name in this process")
}

/// A model in this process.
#[derive(Debug)]
pub struct MemoryHandler {
    url: ModelUrl,
    options: HandlerOptions,
}

impl MemoryHandler {
    /// The model at `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the name is empty.
    /// - `InvalidInput`: there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        check_name(&url)?;
        Ok(Self { url, options })
    }
}

fn check_name(url: &ModelUrl) -> Result<()> {
    if url.rest().is_empty() {
        return Err(Error::new(ErrorKind::InvalidUrl, "the name of the model is empty"));
    }
    Ok(())
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl IOHandler for MemoryHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn save(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        let context = |error: Error| error.with_context(Operation::Save, &self.url);
        let info = artifacts.info().map_err(context)?;
        let meter = ProgressMeter::new(self.options.progress.clone(), info.weight_data_bytes);
        // Read first: what is stored no longer depends on any source.
        if let Some(weights) = artifacts.weight_data.take() {
            let mut parts = Vec::new();
            let mut stream = weights.stream();
            while let Some(part) = stream.next().await {
                let part = part.map_err(context)?;
                meter.add(part.len() as u64);
                parts.push(part);
            }
            artifacts.weight_data = Some(Weights::from_parts(parts));
        }
        let model = StoredModel { artifacts, info: info.clone() };
        with_models(|models| insert(models, &self.url, model, self.options.write_mode))
            .map_err(context)?;
        Ok(SaveResult::new(self.url.clone(), info))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let model =
            find(&self.url).map_err(|error| error.with_context(Operation::Load, &self.url))?;
        let meter = ProgressMeter::new(self.options.progress.clone(), model.info.weight_data_bytes);
        meter.add(model.info.weight_data_bytes);
        Ok(model.artifacts)
    }
}

/// The models in this process whose names begin with the root's.
#[derive(Debug)]
pub struct MemoryStore {
    url: ModelUrl,
    write_mode: WriteMode,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
#[deny(clippy::missing_trait_methods)]
impl ModelStore for MemoryStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let entries: Vec<_> = with_models(|models| {
            let found = models.iter().filter(|(name, _)| is_inside(self.url.rest(), name));
            found
                .map(|(name, model)| {
                    Ok(ModelEntry::new(ModelUrl::new("memory", name)?, model.info.clone()))
                })
                .collect()
        });
        Box::pin(stream::iter(entries))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let stored = find(model).map_err(|error| error.with_context(Operation::Stat, model))?;
        Ok(ModelEntry::new(model.clone(), stored.info))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = with_models(|models| models.remove(model.rest()));
        let removed = removed.ok_or_else(|| not_found().with_context(Operation::Remove, model))?;
        Ok(ModelEntry::new(model.clone(), removed.info))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.put_again(from, to, false);
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let renamed = self.put_again(from, to, true);
        renamed.map_err(|error| error.with_context(Operation::Move, from))
    }
}

impl MemoryStore {
    /// Puts the model `from` under the name `to` also, or instead.
    fn put_again(&self, from: &ModelUrl, to: &ModelUrl, instead: bool) -> Result<SaveResult> {
        check_name(to)?;
        with_models(|models| {
            let mut model = models.get(from.rest()).cloned().ok_or_else(not_found)?;
            if from.rest() == to.rest() {
                return Ok(SaveResult::new(to.clone(), model.info));
            }
            if !instead {
                model.info.date_saved = crate::now();
            }
            let info = model.info.clone();
            insert(models, to, model, self.write_mode)?;
            if instead {
                models.remove(from.rest());
            }
            Ok(SaveResult::new(to.clone(), info))
        })
    }
}
