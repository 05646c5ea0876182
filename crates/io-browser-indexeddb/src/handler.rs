//! One model in the database: save and load.

use async_trait::async_trait;
use futures::StreamExt;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, WriteMode,
};
use io_manifest::{Checksum, check_specs};
use io_web::on;
use web_sys::IdbObjectStore;

use crate::{
    IndexedDbStore,
    database::{Database, INFO, MODELS},
    record::{self, Records},
    transaction::{Access, Transaction, result},
    weights::RecordWeights,
};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().persistent();

io_core::register_handler! {
    name: "indexeddb",
    schemes: ["indexeddb"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(IndexedDbHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| Ok(Box::new(IndexedDbStore::new(url.clone(), options.clone())?))),
}

/// A model in the browser's database.
#[derive(Clone, Debug)]
pub struct IndexedDbHandler {
    url: ModelUrl,
    options: HandlerOptions,
}

impl IndexedDbHandler {
    /// The model at `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the name is empty.
    /// - `InvalidInput`: there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        name_of(&url)?;
        Ok(Self { url, options })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        let name = name_of(&self.url)?;
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        // Early where the browser tells; the end of the transaction tells in any case.
        let needed = total + info.model_topology_bytes + info.weight_specs_bytes;
        if let Some(available) = io_web::free_space().await.filter(|&free| free < needed) {
            return Err(no_room(Some(needed), Some(available)));
        }

        // All is read before the transaction begins: it would not wait.
        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let weights = artifacts.weight_specs.as_ref().map(|_| io_web::new_array(total));
        let weights = weights.transpose()?;
        let (mut checksum, mut last) = (Checksum::new(), 0);
        if let (Some(source), Some(array)) = (artifacts.weight_data.take(), &weights) {
            let mut stream = source.stream();
            while let Some(bytes) = stream.next().await {
                let bytes = bytes?;
                io_web::copy_in(array, checksum.byte_length(), &bytes)?;
                checksum.update(&bytes);
                // The last piece counts when it is stored.
                meter.add(std::mem::replace(&mut last, bytes.len() as u64));
            }
        }
        let integrity = checksum.integrity();
        let records = record::encode(name, &artifacts, &info, weights.as_ref(), integrity)?;

        let database = Database::open().await?;
        let transaction = Transaction::begin(&database, Access::Write)?;
        let (models, infos) = (transaction.store(MODELS)?, transaction.store(INFO)?);
        let stored = match put(&models, &infos, &records, self.options.write_mode) {
            Ok(()) => transaction.end().await,
            Err(error) => Err(error),
        };
        stored.map_err(|error| refused(error, Some(needed)))?;
        meter.add(last);
        Ok(SaveResult::new(self.url.clone(), info))
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let name = name_of(&self.url)?;
        let database = Database::open().await?;
        let transaction = Transaction::begin(&database, Access::Read)?;
        let request = transaction.store(MODELS)?.get(&name.into());
        let request = request.map_err(on("the browser does not look for the model"))?;
        transaction.end().await?;
        let record = result(&request)?;
        if record.is_undefined() {
            return Err(not_found());
        }
        let (mut artifacts, weights) = record::decode(&record)?;
        match weights {
            Some(weights) => {
                artifacts.weight_data = Some(io_core::Weights::from_source(RecordWeights {
                    url: self.url.clone(),
                    weights,
                    verify: self.options.verify,
                    progress: self.options.progress.clone(),
                }));
            }
            None => _ = ProgressMeter::new(self.options.progress.clone(), 0),
        }
        Ok(artifacts)
    }
}

/// Asks for both records to be stored.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn put(
    models: &IdbObjectStore,
    infos: &IdbObjectStore,
    records: &Records,
    mode: WriteMode,
) -> Result<()> {
    let stored = match mode {
        WriteMode::Replace => models.put(&records.model),
        // Of two of these the browser refuses one.
        WriteMode::Create => models.add(&records.model),
    };
    stored.map_err(on("the browser does not store the model"))?;
    infos.put(&records.info).map_err(on("the browser does not store the model"))?;
    Ok(())
}

/// Says what it means when storing `needed` bytes was undone.
pub(crate) fn refused(error: Error, needed: Option<u64>) -> Error {
    match error.kind() {
        ErrorKind::QuotaExceeded { .. } => no_room(needed, None).with_source(error),
        ErrorKind::AlreadyExists => {
            let message = "there already is a model of this name";
            Error::new(ErrorKind::AlreadyExists, message).with_source(error)
        }
        _ => error,
    }
}

/// The error for a model that is not there.
pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no model of this name in the browser's database")
}

/// The name of a model, which is the key of its records.
///
/// # Errors
///
/// `InvalidUrl` when it is empty.
pub(crate) fn name_of(url: &ModelUrl) -> Result<&str> {
    match url.rest() {
        "" => Err(Error::new(ErrorKind::InvalidUrl, "the name of the model is empty")),
        name => Ok(name),
    }
}

fn no_room(needed: Option<u64>, available: Option<u64>) -> Error {
    let kind = ErrorKind::QuotaExceeded { needed, available };
    Error::new(kind, "the model does not fit into what the browser stores for this site")
        .with_hint("remove models, or let the browser store more for this site")
}

#[async_trait(?Send)]
impl IOHandler for IndexedDbHandler {
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
