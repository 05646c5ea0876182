//! One model in local storage: save and load.

use async_trait::async_trait;
use futures::StreamExt;
use io_core::{
    Capabilities, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation, ProgressMeter,
    Result, SaveResult,
};
use io_manifest::{Checksum, check_specs};
use io_web::{Base64Encoder, LockMode};

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
        let (mut encoder, mut checksum) = (Base64Encoder::with_capacity(total)?, Checksum::new());
        let mut last = 0;
        if let Some(weights) = artifacts.weight_data.take() {
            let mut stream = weights.stream();
            while let Some(bytes) = stream.next().await {
                let bytes = bytes?;
                encoder.push(&bytes)?;
                checksum.update(&bytes);
                // The last piece counts when it is stored.
                meter.add(std::mem::replace(&mut last, bytes.len() as u64));
            }
        }
        let integrity = checksum.integrity();
        let texts = record::encode(&artifacts, &info, encoder.finish()?, integrity)?;

        let _lock = storage.lock(LockMode::Exclusive).await?;
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
        let (artifacts, lock) = storage.look(&self.keys, LockMode::Shared, read).await?;
        drop(lock);
        let total = artifacts.weight_data_bytes();
        ProgressMeter::new(self.options.progress.clone(), total).add(total);
        Ok(artifacts)
    }
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
