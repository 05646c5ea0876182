//! Files that a person picked: load.

use async_trait::async_trait;
use bytes::Bytes;
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

/// A model whose files a person picked, or dropped onto the page.
///
/// The model file may stand anywhere among them and the weight files in any order; they are found by
/// their names without folders. The model file alone is a model without weights. Weights are not
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
        let name = printable_name(&self.model.name());
        let model = ModelJson::parse(&self.model_text().await?).map_err(|error| {
            Error::new(error.kind(), format!("cannot parse file '{name}'"))
                .with_hint("pick the model file, such as `model.json`, with its weight files")
                .with_source(error)
        })?;
        let files = model.files();
        let mut artifacts = model.artifacts.clone();
        if self.weights.is_empty() && !files.is_empty() {
            artifacts.weight_specs = None;
        } else {
            let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
            let places = matching::places(&paths, &names(&self.weights))?;
            let picked = places.iter().zip(&files).filter_map(|(&place, file)| {
                let verified = file.integrity.filter(|_| self.options.verify);
                Some(bytes_of(&self.url, self.weights.get(place)?, verified))
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

    async fn model_text(&self) -> Result<Bytes> {
        let length = bytes_of(&self.url, &self.model, None).byte_length();
        if length > MOST_MODEL_BYTES {
            let name = printable_name(&self.model.name());
            return Err(Error::corrupt(format!("the file '{name}' is too large for a model file")));
        }
        let buffer = JsFuture::from(self.model.array_buffer());
        let buffer = buffer.await.map_err(on("the browser does not read the model file"))?;
        copy_out(&Uint8Array::new(&buffer), 0..length)
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
