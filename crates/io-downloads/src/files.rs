//! Files that a person picked: load.

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights, printable_name,
};
use io_manifest::ModelJson;
use io_web::{JsWeights, copy_out, on};
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::{
    matching,
    picked::{PickedWeights, bytes_of},
};

const SCHEME: &str = "files";

/// More than any browser can read as a text.
const MOST_MODEL_BYTES: u64 = 1 << 30;

/// A larger JSON file beside a model is not read to see whether it is one.
const MOST_COMPANION_BYTES: u64 = 64 << 20;

/// A model whose files a person picked, or dropped onto the page.
///
/// The model file may stand anywhere among them and the weight files in any order; they are found by
/// their names without folders. JSON files that are no models and that no path names are passed over.
/// The model file alone is a model without weights. Weights are not
/// read before they are needed, and then piece by piece.
///
/// No scheme leads here, since no text names what somebody picked: the URL of such a handler,
/// `files://` and the name of the model file, is for messages.
#[derive(Clone, Debug)]
pub struct FilesHandler {
    url: ModelUrl,
    model: File,
    weights: Vec<File>,
    options: HandlerOptions,
}

impl FilesHandler {
    /// The model in `files`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is no file, or a setting; this handler has none.
    pub fn new(files: impl IntoIterator<Item = File>, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        let mut weights: Vec<File> = files.into_iter().collect();
        if weights.is_empty() {
            let message = "at least 1 file is required, but none was given";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let model = weights.remove(matching::model_file(&names(&weights)));
        Ok(Self { url: ModelUrl::new(SCHEME, &model.name())?, model, weights, options })
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let (model, picked_files) = self.find_model().await?;
        let files = model.files();
        let mut artifacts = model.artifacts.clone();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        let picked_files = self.without_companions(picked_files, &paths).await;
        if picked_files.is_empty() && !files.is_empty() {
            artifacts.weight_specs = None;
        } else {
            let places = matching::places(&paths, &names(&picked_files))?;
            let picked = places.iter().zip(&files).filter_map(|(&place, file)| {
                let verified = file.integrity.filter(|_| self.options.verify);
                Some(bytes_of(&self.url, picked_files.get(place)?, verified))
            });
            let picked: Vec<_> = picked.collect();
            let lengths: Vec<_> = picked.iter().map(JsWeights::byte_length).collect();
            model.check_lengths(&lengths)?;
            if artifacts.weight_specs.is_some() {
                let progress = self.options.progress.clone();
                let source = PickedWeights::new(self.url.clone(), picked, progress);
                artifacts.weight_data = Some(Weights::from_source(source));
            }
        }
        if artifacts.weight_data.is_none() {
            ProgressMeter::new(self.options.progress.clone(), 0);
        }
        Ok(artifacts)
    }

    /// The model, and all files but the one it is in. Of several JSON files, of which the name of none
    /// tells, it is the first one that reads as a model.
    async fn find_model(&self) -> Result<(ModelJson, Vec<File>)> {
        let mut others = self.weights.clone();
        let error = match self.parse(&self.model, MOST_MODEL_BYTES).await {
            Ok(model) => return Ok((model, others)),
            Err(error) => error,
        };
        for (place, file) in self.weights.iter().enumerate() {
            if matching::is_json(&file.name())
                && let Ok(model) = self.parse(file, MOST_MODEL_BYTES).await
            {
                others.remove(place);
                others.push(self.model.clone());
                return Ok((model, others));
            }
        }
        Err(error)
    }

    /// Passes over JSON files that are no models and that no path names, such as the `metadata.json`
    /// that Teachable Machine exports with a model.
    async fn without_companions(&self, files: Vec<File>, paths: &[&str]) -> Vec<File> {
        let mut weights = Vec::new();
        for file in files {
            let name = file.name();
            let may_be_one = matching::is_json(&name) && !matching::is_named(paths, &name);
            // Another model is no companion: which of the two is meant is not clear.
            if !may_be_one || self.parse(&file, MOST_COMPANION_BYTES).await.is_ok() {
                weights.push(file);
            }
        }
        weights
    }

    async fn parse(&self, file: &File, most: u64) -> Result<ModelJson> {
        let name = printable_name(&file.name());
        let length = bytes_of(&self.url, file, None).byte_length();
        if length > most {
            return Err(Error::corrupt(format!("the file '{name}' is too large for a model file")));
        }
        let buffer = JsFuture::from(file.array_buffer());
        let buffer = buffer.await.map_err(on("the browser does not read the model file"))?;
        let text = copy_out(&Uint8Array::new(&buffer), 0..length)?;
        ModelJson::parse(&text).map_err(|error| {
            Error::new(error.kind(), format!("cannot parse file '{name}'"))
                .with_hint(
                    error.hint().unwrap_or(
                        "pick the model file, such as `model.json`, with its weight files",
                    ),
                )
                .with_source(error)
        })
    }
}

fn names(files: &[File]) -> Vec<String> {
    files.iter().map(File::name).collect()
}

#[async_trait(?Send)]
impl IOHandler for FilesHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE.load().stream()
    }

    async fn save(&self, _: ModelArtifacts) -> Result<SaveResult> {
        let refused = Error::unsupported(self.url.scheme(), Operation::Save)
            .with_hint("a page cannot write to picked files; downloads:// makes new ones");
        Err(refused.with_context(Operation::Save, &self.url))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.load_model().await;
        loaded.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}
