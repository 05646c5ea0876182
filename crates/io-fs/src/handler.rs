//! One model in a directory: save and load.

use std::path::PathBuf;

use async_trait::async_trait;
use blocking::unblock;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights,
};
use io_manifest::{KeyOrder, WeightFileRef, check_specs, plan_shards, write_model_json};

use crate::{
    FsOptions, FsStore, ReadMode,
    error::on,
    location::Location,
    publish::Save,
    read,
    snapshot::{MAX_ATTEMPTS, Snapshot},
    source::FsWeights,
    sync::Durability,
    writer,
};

pub(crate) const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().stream().persistent();

io_core::register_handler! {
    name: "fs",
    schemes: ["file"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(FsHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| Ok(Box::new(FsStore::new(url.clone(), options.clone())?))),
}

/// A model in a directory.
#[derive(Clone, Debug)]
pub struct FsHandler {
    url: ModelUrl,
    options: HandlerOptions,
    fs: FsOptions,
}

impl FsHandler {
    /// The model at `url`, with the settings in `options`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the path is empty or has a NUL character.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let fs = FsOptions::from_settings(&options)?;
        Self::with_options(url, options, fs)
    }

    /// The model at `url`, with options as values in place of settings.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when the path is empty or has a NUL character.
    pub fn with_options(url: ModelUrl, options: HandlerOptions, fs: FsOptions) -> Result<Self> {
        Location::new(&url)?;
        Ok(Self { url, options, fs })
    }

    /// A model whose weights are all in the one file `weights`, wherever that is: the pair
    /// `[model.json, weights.bin]`. It can only be loaded.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when the path is empty or has a NUL character.
    pub fn pair(
        json: ModelUrl,
        weights: impl Into<PathBuf>,
        options: HandlerOptions,
    ) -> Result<Self> {
        Self::with_options(json, options, FsOptions::default().with_weights(weights))
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        if self.fs.weights.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "option `weights` is for loading; a save writes its own weight files",
            ));
        }
        // Specs that do not fit the weights are found before anything is written.
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        let (url, symlinks) = (self.url.clone(), self.fs.symlinks);
        let location = unblock(move || Location::for_save(&url)).await?.with_symlinks(symlinks);
        let weights = artifacts.weight_data.take();
        let shards = match (&weights, &artifacts.weight_specs) {
            (None, None) => Vec::new(),
            _ => plan_shards(total, self.options.shard_bytes, &location.weights_name())?,
        };
        let names: Vec<String> = shards.iter().map(|shard| shard.name.clone()).collect();

        let durability = Durability { fsync: self.fs.fsync };
        let mode = self.options.write_mode;
        let save = {
            let location = location.clone();
            unblock(move || Save::prepare(&location, mode, durability)).await?
        };
        let dir = save.staging.dir.try_clone();
        let dir = dir.map_err(on("open the directory", &location.directory))?;
        let weights = weights.unwrap_or_else(|| Weights::from_parts([]));
        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let integrity = writer::write_weights(dir, shards, &weights, &meter, durability).await?;
        let removal = unblock(move || {
            let files: Vec<&str> = names.iter().map(String::as_str).collect();
            save.publish(&files, &|prefix| {
                let paths: Vec<String> =
                    names.iter().map(|name| format!("{prefix}{name}")).collect();
                let files: Vec<WeightFileRef<'_>> = paths
                    .iter()
                    .zip(&integrity)
                    .map(|(path, integrity)| WeightFileRef { path, integrity: Some(*integrity) })
                    .collect();
                write_model_json(&artifacts, &files, KeyOrder::Node)
            })
        })
        .await?;
        Ok(SaveResult::new(location.url()?, info).with_warnings(removal.warnings()))
    }

    pub(crate) async fn load_model(&self) -> Result<ModelArtifacts> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.try_load().await {
                // A map opens the files during the load, which a save may have replaced by then.
                Err(error) if error.kind() == ErrorKind::Conflict && attempts < MAX_ATTEMPTS => {}
                done => return done,
            }
        }
    }

    async fn try_load(&self) -> Result<ModelArtifacts> {
        let Self { url, fs, .. } = self.clone();
        let snapshot = unblock(move || {
            let location = Location::find(&url)?.with_symlinks(fs.symlinks);
            Snapshot::open(&location, fs.weights.as_deref())
        })
        .await?;
        let mut artifacts = snapshot.model.artifacts;
        if artifacts.weight_specs.is_some() {
            let weights = FsWeights {
                url: self.url.clone(),
                files: snapshot.files,
                verify: self.options.verify,
                progress: self.options.progress.clone(),
            };
            artifacts.weight_data = Some(match self.fs.read {
                ReadMode::Buffered => Weights::from_source(weights),
                ReadMode::MemoryMap => Weights::from_parts(read::map_all(weights).await?),
            });
        } else {
            ProgressMeter::new(self.options.progress.clone(), 0);
        }
        Ok(artifacts)
    }
}

#[async_trait]
impl IOHandler for FsHandler {
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
