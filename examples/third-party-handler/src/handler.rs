//! One model in a database: save and load.

use async_trait::async_trait;
use blocking::unblock;
use futures::StreamExt;
use io_core::{
    Capabilities, Error, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights,
};
use io_manifest::{Checksum, KeyOrder, ModelJson, WeightFileRef, check_specs, write_model_json};

use crate::{
    SqliteStore,
    database::{CHUNK_BYTES, Database},
    location::Location,
    weights::SqliteWeights,
};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().stream().persistent();

io_core::register_handler! {
    name: "sqlite",
    schemes: ["sqlite"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(SqliteHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| Ok(Box::new(SqliteStore::new(url.clone(), options.clone())?))),
}

/// A model in a database.
#[derive(Clone, Debug)]
pub struct SqliteHandler {
    url: ModelUrl,
    location: Location,
    options: HandlerOptions,
}

/// What the weights are called in the model's JSON.
const WEIGHTS: &str = "weights.bin";

impl SqliteHandler {
    /// The model at `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL names no file or no model.
    /// - `InvalidInput`: there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        let location = Location::of_model(&url)?;
        Ok(Self { url, location, options })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        let weights = artifacts.weight_data.take();
        let meter = ProgressMeter::new(self.options.progress.clone(), total);

        let location = self.location.clone();
        let mut database = unblock(move || {
            let database = Database::open_or_create(&location)?;
            database.begin_staging()?;
            Ok::<_, Error>(database)
        })
        .await?;

        let mut checksum = Checksum::new();
        let mut staged = 0;
        // Memory stays bounded: one chunk is gathered, and one piece of the source is at hand.
        let mut chunk = Vec::new();
        let mut pieces = weights.unwrap_or_default().stream();
        while let Some(piece) = pieces.next().await {
            let mut piece = piece?;
            checksum.update(&piece);
            meter.add(piece.len() as u64);
            while !piece.is_empty() {
                let room = CHUNK_BYTES as usize - chunk.len();
                chunk.extend_from_slice(&piece.split_to(room.min(piece.len())));
                if chunk.len() == CHUNK_BYTES as usize {
                    database = stage(database, staged, std::mem::take(&mut chunk)).await?;
                    staged += 1;
                }
            }
        }
        if !chunk.is_empty() {
            database = stage(database, staged, chunk).await?;
        }

        let file = WeightFileRef { path: WEIGHTS, integrity: Some(checksum.integrity()) };
        let files: &[_] = if artifacts.weight_specs.is_some() { &[file] } else { &[] };
        let json = write_model_json(&artifacts, files, KeyOrder::Core)?;
        let (name, mode, published) =
            (self.location.name.clone(), self.options.write_mode, info.clone());
        unblock(move || database.publish(&name, &json, &published, mode)).await?;
        Ok(SaveResult::new(self.url.clone(), info))
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let location = self.location.clone();
        let stored = unblock(move || Database::open(&location)?.find(&location.name)).await?;
        let model = ModelJson::parse(&stored.json)?;
        let files = model.files();
        let mut artifacts = model.artifacts;
        if artifacts.weight_specs.is_none() {
            ProgressMeter::new(self.options.progress.clone(), 0);
            return Ok(artifacts);
        }
        let integrity =
            files.first().and_then(|file| file.integrity).filter(|_| self.options.verify);
        let weights = SqliteWeights {
            url: self.url.clone(),
            location: self.location.clone(),
            model: stored.id,
            length: stored.info.weight_data_bytes,
            integrity,
            progress: self.options.progress.clone(),
        };
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), weights.length)?;
        artifacts.weight_data = Some(Weights::from_source(weights));
        Ok(artifacts)
    }
}

/// Writes a chunk on a thread that may wait for the disk.
async fn stage(database: Database, number: u64, chunk: Vec<u8>) -> Result<Database> {
    unblock(move || database.stage(number, &chunk).map(|()| database)).await
}

#[async_trait]
impl IOHandler for SqliteHandler {
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
