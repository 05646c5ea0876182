//! One model as downloads: save.

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, WriteMode,
};
use io_manifest::{KeyOrder, WeightFileRef, check_specs, write_model_json};

use crate::{
    blobs,
    names::Prefix,
    offer::{self, Offer},
};

const CAPABILITIES: Capabilities = Capabilities::NONE.save().stream();

io_core::register_handler! {
    name: "downloads",
    schemes: ["downloads"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(DownloadsHandler::new(url.clone(), options.clone())?)),
    store: None,
}

/// A model that becomes files on the disk of whoever looks at the page.
#[derive(Clone, Debug)]
pub struct DownloadsHandler {
    url: ModelUrl,
    prefix: Prefix,
    options: HandlerOptions,
}

impl DownloadsHandler {
    /// Downloads whose names begin with what `url` says.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is a setting; this handler has none.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        options.read_settings(&[])?;
        Ok(Self { prefix: Prefix::new(&url), url, options })
    }

    async fn save_model(&self, mut artifacts: ModelArtifacts) -> Result<SaveResult> {
        offer::check_page()?;
        if self.options.write_mode == WriteMode::Create {
            let message = "a page does not see which files were downloaded before";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let info = artifacts.info()?;
        let total = info.weight_data_bytes;
        check_specs(artifacts.weight_specs.as_deref().unwrap_or_default(), total)?;

        let meter = ProgressMeter::new(self.options.progress.clone(), total);
        let weights = artifacts.weight_data.take().unwrap_or_default();
        let (mut files, mut last) = (Vec::new(), 0);
        if artifacts.weight_specs.is_some() {
            let shards = self.prefix.weight_files(total, self.options.shard_bytes)?;
            (files, last) = blobs::read(&weights, shards, &meter).await?;
        }

        let paths: Vec<_> = files.iter().map(|file| format!("./{}", file.name)).collect();
        let refs = paths.iter().zip(&files);
        let refs: Vec<_> = refs
            .map(|(path, file)| WeightFileRef { path, integrity: Some(file.integrity) })
            .collect();
        // What weights without specs are refused by.
        artifacts.weight_data = Some(weights);
        let json = write_model_json(&artifacts, &refs, KeyOrder::Core)?;
        let blob = blobs::blob(&json, "application/json")?;
        let model = Offer { name: self.prefix.model_file(), blob };
        let files = files.into_iter().map(|file| Offer { name: file.name, blob: file.blob });
        offer::offer(std::iter::once(model).chain(files).collect()).await?;
        meter.add(last);
        Ok(SaveResult::new(self.url.clone(), info))
    }
}

#[async_trait(?Send)]
impl IOHandler for DownloadsHandler {
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
        let refused = Error::unsupported(self.url.scheme(), Operation::Load)
            .with_hint("to load downloaded files a person has to pick them in the page");
        Err(refused.with_context(Operation::Load, &self.url))
    }
}
