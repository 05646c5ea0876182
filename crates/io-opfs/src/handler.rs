//! One model in the private file system: save and load.

use async_trait::async_trait;
use futures::StreamExt;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelArtifactsInfo,
    ModelUrl, Operation, ProgressMeter, Result, SaveResult, Weights, WriteMode,
};
use io_manifest::{Checksum, KeyOrder, ModelJson, WeightFileRef, check_specs, write_model_json};
use io_web::{JsPiece, JsWeights, StoredWeights, exists, free_space, name_of, no_room};

use crate::{
    OpfsStore, files,
    place::{Place, not_found},
    record::{Head, Record},
    staged::Staged,
};

const CAPABILITIES: Capabilities =
    Capabilities::NONE.load().save().list().remove().copy().create().stream().persistent();

/// What the weights are called in the model file. The file that has them is named beside it.
const WEIGHTS: &str = "weights.bin";

io_core::register_handler! {
    name: "opfs",
    schemes: ["opfs"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(OpfsHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| Ok(Box::new(OpfsStore::new(url.clone(), options.clone())?))),
}

/// A model in the browser's private file system.
#[derive(Clone, Debug)]
pub struct OpfsHandler {
    url: ModelUrl,
    options: HandlerOptions,
}

impl OpfsHandler {
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
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;
        let needed = total + info.model_topology_bytes + info.weight_specs_bytes;
        let place = Place::open().await?;
        self.check_early(&place, needed).await?;

        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let (mut checksum, mut rest) = (Checksum::new(), 0);
        let mut staged = None;
        if artifacts.weight_specs.is_some() {
            let mut file = Staged::begin(&place).await?;
            let mut pieces = artifacts.weight_data.take().unwrap_or_default().stream();
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                checksum.update(&piece);
                let written = file.push(&piece).await;
                meter.add(written.map_err(|error| refused(error, needed))?);
            }
            rest = file.close().await.map_err(|error| refused(error, needed))?;
            staged = Some(file);
        }
        let file = WeightFileRef { path: WEIGHTS, integrity: Some(checksum.integrity()) };
        let weight_files: &[_] = if staged.is_some() { &[file] } else { &[] };
        let json = write_model_json(&artifacts, weight_files, KeyOrder::Core)?;
        let json = String::from_utf8(json)
            .map_err(|error| Error::corrupt("the model file is no text").with_source(error))?;
        let name = name_of(&self.url)?.to_owned();
        let published = publish(place, name, info.clone(), json, staged, self.options.write_mode);
        published.await.map_err(|error| refused(error, needed))?;
        meter.add(rest);
        Ok(SaveResult::new(self.url.clone(), info))
    }

    /// Finds out what can be known before anything is read.
    async fn check_early(&self, place: &Place, needed: u64) -> Result<()> {
        if self.options.write_mode == WriteMode::Create {
            let _lock = place.shared().await?;
            if place.find(name_of(&self.url)?).await?.is_some() {
                return Err(exists());
            }
        }
        match free_space().await {
            Some(available) if available < needed => Err(no_room(Some(needed), Some(available))),
            _ => Ok(()),
        }
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let place = Place::open().await?;
        let lock = place.shared().await?;
        let record = place.find(name_of(&self.url)?).await?.ok_or_else(not_found)?;
        let model = ModelJson::parse(record.json.as_bytes())?;
        let mut weights = JsWeights::new([]);
        if let Some(file) = place.weights_of(&record).await? {
            weights = JsWeights::new([JsPiece::Blob(file.into())]);
        }
        drop(lock);

        let integrity = model.files().first().and_then(|file| file.integrity);
        let expected = integrity.map_or(record.head.info.weight_data_bytes, |it| it.bytes);
        if weights.byte_length() != expected {
            return Err(Error::corrupt("the file with the weights has another length"));
        }
        let mut artifacts = model.artifacts;
        let Some(specs) = &artifacts.weight_specs else {
            ProgressMeter::new(self.options.progress.clone(), 0);
            return Ok(artifacts);
        };
        check_specs(specs, weights.byte_length())?;
        artifacts.weight_data = Some(Weights::from_source(StoredWeights::new(
            &self.url,
            weights,
            integrity,
            &self.options,
        )));
        Ok(artifacts)
    }
}

/// Makes it the model of this name.
///
/// # Errors
///
/// `AlreadyExists` where a model is that is not to be replaced; whatever the browser throws.
pub(crate) async fn publish(
    place: Place,
    name: String,
    info: ModelArtifactsInfo,
    json: String,
    staged: Option<Staged>,
    mode: WriteMode,
) -> Result<()> {
    let work = async move |place: Place| {
        // What cannot be read can be replaced all the same.
        let old = place.find(&name).await;
        if mode == WriteMode::Create && !matches!(old, Ok(None)) {
            return Err(exists());
        }
        let head = Head { info, weights: staged.as_ref().map(|staged| staged.id.clone()) };
        place.put(&name, &Record { head, json }).await?;
        if let Some(staged) = staged {
            staged.published();
        }
        if let Ok(Some(Record { head: Head { weights: Some(old), .. }, .. })) = old {
            // The model is saved; what is left is swept up later.
            let _ = files::remove(&place.weights, &old).await;
        }
        Ok(())
    };
    place.change(work).await
}

/// Says what it means when storing `needed` bytes failed.
pub(crate) fn refused(error: Error, needed: u64) -> Error {
    match error.kind() {
        ErrorKind::QuotaExceeded { .. } => no_room(Some(needed), None).with_source(error),
        _ => error,
    }
}

#[async_trait(?Send)]
impl IOHandler for OpfsHandler {
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
