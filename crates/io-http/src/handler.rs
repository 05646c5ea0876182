//! One model on a web server: save and load.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights, WriteMode,
};
use url::Url;

use crate::{
    HttpOptions,
    credentials::Credentials,
    model,
    platform::{Transport, within},
    probe, resolve,
    source::{HttpWeights, in_time},
    upload,
};

const CAPABILITIES: Capabilities = Capabilities::NONE.load().save().stream();

io_core::register_handler! {
    name: "http",
    schemes: ["http", "https"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(HttpHandler::new(url.clone(), options.clone())?)),
    store: None,
}

/// A model on a web server.
#[derive(Clone)]
pub struct HttpHandler {
    url: ModelUrl,
    /// Where requests go: without user information, and never printed.
    target: Url,
    options: HandlerOptions,
    transport: Arc<Transport>,
}

impl HttpHandler {
    /// The model at `url`, with the settings in `options`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL has no host, or is none.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let http = HttpOptions::from_settings(&options)?;
        Self::with_options(url, options, http)
    }

    /// The model at `url`, with options as values in place of settings.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL has no host, or is none.
    /// - `InvalidInput`: a header cannot be sent.
    pub fn with_options(url: ModelUrl, options: HandlerOptions, http: HttpOptions) -> Result<Self> {
        let mut target = resolve::model_url(&url, http.from_tfhub)?;
        let credentials = Credentials::take(&mut target, &http)?;
        let transport = Arc::new(Transport::new(http, credentials));
        Ok(Self { url, target, options, transport })
    }

    async fn save_model(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        if self.options.write_mode == WriteMode::Create {
            let message = "a web server cannot be asked to save only where no model is";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if self.transport.options.from_tfhub {
            let message = "option `from-tfhub` is for loading";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let progress = self.options.progress.clone();
        let info = upload::upload(&self.transport, &self.target, artifacts, progress).await?;
        Ok(SaveResult::new(self.url.clone(), info))
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let (model, file, base) = model::read(&self.transport, &self.target).await?;
        let verify = self.options.verify;
        let files = probe::weight_files(&self.transport, &base, &model, verify).await?;
        let mut artifacts = model.artifacts;
        if artifacts.weight_specs.is_some() {
            artifacts.weight_data = Some(Weights::from_source(HttpWeights {
                url: self.url.clone(),
                transport: self.transport.clone(),
                model: file,
                files: files.into(),
                progress: self.options.progress.clone(),
            }));
        } else {
            ProgressMeter::new(self.options.progress.clone(), 0);
        }
        Ok(artifacts)
    }

    /// `work` on the runtime, within the time for the whole operation.
    async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        within(async {
            let deadline = HttpWeights::deadline(&self.transport);
            in_time(deadline, work).await
        })
        .await
    }
}

impl fmt::Debug for HttpHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Settings may be secrets.
        f.debug_struct("HttpHandler").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl IOHandler for HttpHandler {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        let saved = self.run(self.save_model(artifacts)).await;
        saved.map_err(|error| error.with_context(Operation::Save, &self.url))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.run(self.load_model()).await;
        loaded.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}
