//! One model in local storage: save and load.

use async_trait::async_trait;
use futures::future;
use io_core::{
    Capabilities, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation, ProgressMeter,
    Result, SaveResult, Weights,
};
use io_manifest::check_specs;
use io_web::{Gathered, JsWeights, LockMode, StoredWeights, gather};
use js_sys::Uint8Array;

use crate::{LocalStorageStore, keys::Keys, record, storage::Storage};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().persistent();

io_core::register_handler! {
    name: "localstorage",
    schemes: ["localstorage"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(LocalStorageHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| {
        Ok(Box::new(LocalStorageStore::new(url.clone(), options.clone())?))
    }),
}

/// A model in local storage.
#[derive(Clone, Debug)]
pub struct LocalStorageHandler {
    url: ModelUrl,
    keys: Keys,
    options: HandlerOptions,
}

impl LocalStorageHandler {
    /// The model at `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the name is empty.
    /// - `InvalidInput`: there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        Ok(Self { keys: Keys::new(&url)?, url, options })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        let storage = Storage::open()?;
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        Storage::check_room(total)?;

        // All is read before anything is written, so that the writing need not wait.
        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let weights = artifacts.weight_data.take().unwrap_or_default();
        let Gathered { array, integrity, last } = bytes_of(&weights, &meter).await?;
        // While the browser looks whether other tabs let us.
        let encoding = async {
            let text = io_web::encode_base64(&array)?;
            record::encode(&artifacts, &info, text, integrity)
        };
        let (_lock, texts) = future::try_join(storage.lock(LockMode::Exclusive), encoding).await?;
        storage.write(&self.keys, &texts, integrity, self.options.write_mode)?;
        meter.add(last);
        Ok(SaveResult::new(self.url.clone(), info))
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let storage = Storage::open()?;
        let read = || {
            let texts = storage.read(&self.keys)?;
            record::decode(texts, io_web::decode_base64, self.options.verify)
        };
        let is_half_seen = |found: &_| storage.is_half_seen(&self.keys, found);
        let (mut artifacts, weights) = storage.read_now(read, is_half_seen).await?;
        if weights.is_none() {
            ProgressMeter::new(self.options.progress.clone(), 0);
        }
        artifacts.weight_data = weights.map(|weights| {
            // They have been compared.
            let integrity = None;
            let weights = StoredWeights::new(&self.url, weights.into(), integrity, &self.options);
            Weights::from_source(weights)
        });
        Ok(artifacts)
    }
}

/// The bytes of `weights` in JavaScript, where they may be already.
async fn bytes_of(weights: &Weights, meter: &ProgressMeter) -> Result<Gathered> {
    let Some(here) = weights.source_as::<JsWeights>() else {
        return gather(weights, meter).await;
    };
    let buffer = here.to_array_buffer().await?;
    let array = Uint8Array::new(&buffer);
    let integrity = io_web::integrity_of(&array)?;
    Ok(Gathered { array, integrity, last: integrity.bytes })
}

#[async_trait(?Send)]
impl IOHandler for LocalStorageHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        let saved = self.save_model(artifacts).await;
        saved.map_err(|error| error.with_context(Operation::Save, &self.url))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.load_model().await;
        loaded.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}
