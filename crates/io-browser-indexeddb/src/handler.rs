//! One model in the database: save and load.

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelArtifactsInfo,
    ModelUrl, Operation, ProgressMeter, Result, SaveResult, Weights, WriteMode,
};
use io_manifest::check_specs;
use io_web::{StoredWeights, exists, name_of, no_room, on};
use web_sys::IdbObjectStore;

use crate::{
    IndexedDbStore, collect,
    database::{Database, INFO, MODELS, TENSORFLOW_JS},
    layout::Layout,
    pieces,
    record::{self, Pointer, Records, Stored},
    transaction::{Access, Transaction, is_too_much_at_once, result},
    write::{Written, in_pieces, write},
};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().stream().persistent();

/// How often a load begins again when the model is replaced meanwhile.
const MOST_LOADS: usize = 8;

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
    layout: Layout,
}

impl IndexedDbHandler {
    /// The model at `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the name is empty.
    /// - `InvalidInput`: there is a setting other than `layout`, or that is neither `record` nor
    ///   `blobs`.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let layout = Layout::read(&options)?;
        name_of(&url)?;
        Ok(Self { url, options, layout })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        let name = name_of(&self.url)?;
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        let needed = total + info.model_topology_bytes + info.weight_specs_bytes;
        self.check_early(name, needed).await?;

        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let weights = artifacts.weight_specs.as_ref().map(|_| artifacts.weight_data.take());
        let mut written = None;
        if let Some(weights) = weights {
            let weights = weights.unwrap_or_default();
            let stored = write(&weights, self.layout, &self.options, &meter).await;
            written = Some(stored.map_err(|error| refused(error, Some(needed)))?);
        }
        let mut published = self.publish(&artifacts, &info, written.as_ref()).await;
        if let Some(whole) = &written
            && self.layout == Layout::Auto
            && published.as_ref().is_err_and(is_too_much_at_once)
            && let Some(pieces) = in_pieces(whole, &self.options).await?
        {
            published = self.publish(&artifacts, &info, Some(&pieces)).await;
            written = Some(pieces);
        }
        let old = published.map_err(|error| match refused(error, Some(needed)) {
            error if self.layout == Layout::Record && is_too_much_at_once(&error) => {
                error.with_hint("the option `layout=blobs` stores it in pieces")
            }
            error => error,
        })?;
        if let Some(written) = written {
            meter.add(written.last);
            if let Some(pieces) = written.pieces {
                pieces.published();
            }
        }
        if let Some(old) = old {
            // The model is saved; what is left is left to others.
            let _ = collect::discard(&old.id).await;
        }
        Ok(SaveResult::new(self.url.clone(), info))
    }

    /// Stores both records of the model, in one transaction. Gives the pieces of the model that they
    /// take the place of.
    async fn publish(
        &self,
        artifacts: &ModelArtifacts,
        info: &ModelArtifactsInfo,
        written: Option<&Written>,
    ) -> Result<Option<Pointer>> {
        let name = name_of(&self.url)?;
        let (data, integrity) = written.map_or((None, None), |it| (Some(&it.data), it.integrity));
        let records = record::encode(name, artifacts, info, data, integrity)?;
        let database = Database::open(&TENSORFLOW_JS).await?;
        let transaction = Transaction::begin(&database, Access::Write)?;
        let (models, infos) = (transaction.store(MODELS)?, transaction.store(INFO)?);
        let old = infos.get(&name.into()).map_err(on("the browser does not look for the model"))?;
        put(&models, &infos, &records, self.options.write_mode)?;
        transaction.end().await?;
        Ok(record::pointer_of(&result(&old)?))
    }

    /// Finds out what can be known before anything is read.
    async fn check_early(&self, name: &str, needed: u64) -> Result<()> {
        if self.options.write_mode == WriteMode::Create {
            let database = Database::open(&TENSORFLOW_JS).await?;
            let transaction = Transaction::begin(&database, Access::Read)?;
            let count = transaction.store(MODELS)?.count_with_key(&name.into());
            let count = count.map_err(on("the browser does not look for the model"))?;
            transaction.end().await?;
            if result(&count)?.as_f64() != Some(0.0) {
                return Err(exists());
            }
        }
        // The end of the transaction tells in any case.
        let is_short = |free: &u64| *free < needed;
        if io_web::free_space().await.filter(is_short).is_none() {
            return Ok(());
        }
        let _ = collect::sweep().await;
        match io_web::free_space().await.filter(is_short) {
            Some(available) => Err(no_room(Some(needed), Some(available))),
            None => Ok(()),
        }
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let mut missing = None;
        for _ in 0..MOST_LOADS {
            let (mut artifacts, weights) = self.read_record().await?;
            let Some(record::Weights { stored, integrity }) = weights else {
                ProgressMeter::new(self.options.progress.clone(), 0);
                return Ok(artifacts);
            };
            let weights = match stored {
                Stored::Here(weights) => weights,
                Stored::Pieces(pointer) => match pieces::find(&pointer).await? {
                    Some(weights) => {
                        let specs = artifacts.weight_specs.as_deref().unwrap_or_default();
                        check_specs(specs, weights.byte_length())?;
                        weights
                    }
                    // Replaced since we read which they are, unless it says the same again.
                    None if missing.as_ref() != Some(&pointer) => {
                        missing = Some(pointer);
                        continue;
                    }
                    None => {
                        let message = "pieces of the model's weights are missing";
                        return Err(Error::new(ErrorKind::NotFound, message));
                    }
                },
            };
            artifacts.weight_data = Some(Weights::from_source(StoredWeights::new(
                &self.url,
                weights,
                integrity,
                &self.options,
            )));
            return Ok(artifacts);
        }
        Err(Error::new(ErrorKind::Conflict, "the model is replaced again and again"))
    }

    async fn read_record(&self) -> Result<(ModelArtifacts, Option<record::Weights>)> {
        let name = name_of(&self.url)?;
        let database = Database::open(&TENSORFLOW_JS).await?;
        let transaction = Transaction::begin(&database, Access::Read)?;
        let request = transaction.store(MODELS)?.get(&name.into());
        let request = request.map_err(on("the browser does not look for the model"))?;
        transaction.end().await?;
        let record = result(&request)?;
        if record.is_undefined() {
            return Err(not_found());
        }
        record::decode(&record)
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
        ErrorKind::AlreadyExists => exists().with_source(error),
        _ => error,
    }
}

/// The error for a model that is not there.
pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no model of this name in the browser's database")
}

#[async_trait(?Send)]
impl IOHandler for IndexedDbHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        self.layout.capabilities(CAPABILITIES)
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
