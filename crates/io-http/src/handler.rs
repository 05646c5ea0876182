//! One model on a web server: save and load.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    ProgressMeter, Result, SaveResult, Weights, WriteMode,
};

use crate::{
    HttpOptions, HttpStore,
    credentials::Credentials,
    model,
    platform::{Transport, Url},
    probe, resolve,
    service::Service,
    source::HttpWeights,
    upload,
};

const CAPABILITIES: Capabilities = Capabilities::NONE.load().save().stream();
/// What a server of ours does besides.
const WITH_SERVICE: Capabilities = CAPABILITIES.list().remove().copy().rename().create();

io_core::register_handler! {
    name: "http",
    schemes: ["http", "https"],
    capabilities: WITH_SERVICE,
    open: |url, options| Ok(Box::new(HttpHandler::new(url.clone(), options.clone())?)),
    store: Some(|url, options| Ok(Box::new(HttpStore::new(url.clone(), options.clone())?))),
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

    /// What requests are made with, and where to.
    pub(crate) fn parts(&self) -> (&Arc<Transport>, &Url) {
        (&self.transport, &self.target)
    }

    async fn save_model(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        let create = self.options.write_mode == WriteMode::Create;
        if create {
            self.check_creates().await?;
        }
        if self.transport.options.from_tfhub {
            let message = "option `from-tfhub` is for loading";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let progress = self.options.progress.clone();
        let how = (progress, create);
        let info = upload::upload(&self.transport, &self.target, artifacts, how).await?;
        Ok(SaveResult::new(self.url.clone(), info))
    }

    /// Any server replaces what is there; only one of ours is known to do otherwise when asked.
    async fn check_creates(&self) -> Result<()> {
        let service = Service::find(&self.transport, &self.target, Operation::Save).await;
        let there = service.and_then(|service| {
            service.require("save", Operation::Save)?;
            Ok(service.name(&self.target).is_some_and(|name| !name.is_empty()))
        });
        match there {
            Ok(true) => Ok(()),
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => {
                let scheme = self.url.scheme();
                let message = format!(
                    "`{scheme}://` cannot save models only where none is, but on a server of modelport"
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
        }
    }

    async fn load_model(&self) -> Result<ModelArtifacts> {
        let (model, file, base) = model::read(&self.transport, &self.target).await?;
        let verify = self.options.verify;
        let files =
            probe::weight_files(&self.transport, (&base, file.sum()), &model, verify).await?;
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

    /// What any server does, and what this one has said that it does besides: it is asked by the
    /// first call that needs to know.
    fn capabilities(&self) -> Capabilities {
        let Capabilities { list, remove, copy, rename, create, .. } =
            Service::capabilities(&self.transport, &self.target);
        let mut capabilities = CAPABILITIES;
        capabilities.list = list;
        capabilities.remove = remove;
        capabilities.copy = copy;
        capabilities.rename = rename;
        capabilities.create = create;
        capabilities
    }

    async fn save(&self, artifacts: ModelArtifacts) -> Result<SaveResult> {
        let saved = self.transport.run(self.save_model(artifacts)).await;
        saved.map_err(|error| error.with_context(Operation::Save, &self.url))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.transport.run(self.load_model()).await;
        loaded.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}
