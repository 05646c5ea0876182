//! One model in an object store: save and load.

use std::sync::Arc;

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights,
};
use io_manifest::{
    FileIntegrity, KeyOrder, WeightFileRef, check_specs, plan_shards, write_model_json,
};
use object_store::ObjectStore;

use crate::{
    ObjectStoreOptions,
    cutter::{cut, part_bytes},
    location::Location,
    names,
    objects::Store,
    publish::Publish,
    runtime,
    snapshot::{Look, Snapshot},
    source::ObjectWeights,
    upload::{Line, Object, Upload},
};

/// What the handlers and stores of this crate can do.
pub const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().rename().create().stream().persistent();

/// A model in an object store.
#[derive(Clone, Debug)]
pub struct ObjectStoreHandler {
    pub(crate) store: Store,
    pub(crate) url: ModelUrl,
    pub(crate) location: Location,
    pub(crate) options: HandlerOptions,
    pub(crate) objects: ObjectStoreOptions,
}

impl ObjectStoreHandler {
    /// The model under the key `prefix` of any store, or whose JSON object that key names, with the
    /// settings of [`ObjectStoreOptions`] in `options`. `url` is how the model is called.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: no object can have such a key.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        url: ModelUrl,
        prefix: &str,
        options: HandlerOptions,
    ) -> Result<Self> {
        let objects = ObjectStoreOptions::from_settings(&options)?;
        Self::with_options(store, url, prefix, options, objects)
    }

    /// The same with options as values in place of settings.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when no object can have such a key.
    pub fn with_options(
        store: Arc<dyn ObjectStore>,
        url: ModelUrl,
        prefix: &str,
        options: HandlerOptions,
        objects: ObjectStoreOptions,
    ) -> Result<Self> {
        let (store, location) = (Store(store), Location::new(prefix)?);
        Ok(Self { store, url, location, options, objects })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        // Specs that do not fit the weights are found before anything is written.
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        let weights = artifacts.weight_data.take();
        let mut shards = match &artifacts.weight_specs {
            None => Vec::new(),
            Some(_) => plan_shards(total, self.options.shard_bytes, &self.location.weights_name())?,
        };
        // Their checksums are known when they have passed.
        let mut named: Vec<(String, FileIntegrity)> = shards
            .iter()
            .map(|shard| {
                let bytes = shard.range.end - shard.range.start;
                (shard.name.clone(), FileIntegrity { bytes, crc64nvme: 0 })
            })
            .collect();
        names::make_unique(&artifacts, &info, &mut named)?;
        let mut objects = Vec::with_capacity(shards.len());
        for (shard, (name, known)) in shards.iter_mut().zip(named) {
            let bytes = known.bytes;
            shard.name = name;
            let in_parts = bytes > part_bytes(bytes, self.objects.part_bytes);
            objects.push(Object::new(self.location.weights(&shard.name)?, bytes, in_parts));
        }

        let mut publish = {
            let Self { store, location, options, objects, .. } = self.clone();
            let prepare =
                Publish::prepare(store, location, options.write_mode, objects.on_conflict);
            runtime::spawn(prepare)?.await??
        };
        publish.is_unique = !objects.is_empty();
        let upload = Upload {
            store: self.store.clone(),
            objects,
            meter: ProgressMeter::new(self.options.progress.clone(), total),
        };
        // When this future is dropped, so is the line, and the upload takes everything back.
        let (line, messages) = Line::new(self.objects.concurrency);
        let upload = runtime::spawn_detached(upload.run(messages, publish))?;

        let weights = weights.unwrap_or_else(|| Weights::from_parts([]));
        let sent = cut(&weights, &shards, self.objects.part_bytes, || line.slot()).await.and_then(
            |integrity| {
                // Without it, the upload has failed and says why.
                let Some(integrity) = integrity else { return Ok(None) };
                let files = shards.iter().zip(integrity);
                let files: Vec<WeightFileRef<'_>> = files
                    .map(|(shard, integrity)| WeightFileRef {
                        path: &shard.name,
                        integrity: Some(integrity),
                    })
                    .collect();
                write_model_json(&artifacts, &files, KeyOrder::Node).map(Some)
            },
        );
        match sent {
            Ok(Some(json)) => line.commit(json.into()).await,
            Ok(None) => {}
            Err(error) => {
                drop(line);
                // Not before all is taken back.
                let left = upload.await?.err().and_then(|left| left.hint().map(str::to_owned));
                return Err(match (left, error.hint().is_none()) {
                    (Some(left), true) => error.with_hint(left),
                    _ => error,
                });
            }
        }
        let warnings = upload.await??;
        drop(line);
        Ok(SaveResult::new(self.url.clone(), info).with_warnings(warnings))
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let Self { store, location, .. } = self.clone();
        let open = async move { Snapshot::open(&store, &location, Look::Whole).await };
        let snapshot = runtime::spawn(open)?.await??;
        let mut artifacts = snapshot.model.artifacts;
        if artifacts.weight_specs.is_some() {
            artifacts.weight_data = Some(Weights::from_source(ObjectWeights {
                store: self.store.clone(),
                url: self.url.clone(),
                files: snapshot.files,
                verify: self.options.verify,
                progress: self.options.progress.clone(),
                concurrency: self.objects.concurrency,
            }));
        } else {
            ProgressMeter::new(self.options.progress.clone(), 0);
        }
        Ok(artifacts)
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl IOHandler for ObjectStoreHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        let saved = self.save_model(artifacts).await;
        saved.map_err(|error: Error| error.with_context(Operation::Save, &self.url))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.load_model().await;
        loaded.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}
