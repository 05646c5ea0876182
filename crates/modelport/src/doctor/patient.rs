//! What is looked at: a URL, opened.

use io_core::{HandlerOptions, IOHandler, ModelStore, ModelUrl, Registration, Result};
use io_manifest::ModelFiles;

use super::finding::{Check, Finding, Teller};

/// A URL and who serves it.
#[derive(Debug)]
pub(super) struct Patient {
    pub(super) url: ModelUrl,
    pub(super) options: HandlerOptions,
    pub(super) registration: &'static Registration,
    pub(super) handler: Box<dyn IOHandler>,
    pub(super) store: Option<Box<dyn ModelStore>>,
    pub(super) own: Own,
}

/// What is known of a backend of ours beyond the contract.
#[derive(Debug)]
pub(super) enum Own {
    #[cfg(feature = "fs")]
    Files(io_fs::FsStore),
    #[cfg(feature = "http")]
    Http(io_http::HttpHandler),
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    Cloud(Box<io_object_store::Place>),
    Nothing,
}

impl Patient {
    /// Opens the URL and tells who serves it.
    pub(super) fn open(url: ModelUrl, options: HandlerOptions, tell: &Teller) -> Option<Self> {
        match Self::try_open(url, options) {
            Ok(patient) => {
                let (scheme, krate) = (patient.url.scheme(), patient.registration.krate);
                let message = format!("`{scheme}://` is served by the crate {krate}");
                tell.tell(Finding::ok(Check::Handler, message));
                Some(patient)
            }
            Err(error) => {
                let message = "the URL cannot be opened";
                tell.tell(Finding::problem(Check::Handler, message).with_error(error));
                None
            }
        }
    }

    fn try_open(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let registry = crate::registry()?;
        let handler = registry.handler(&url, &options)?;
        let registration = registry.find(url.scheme()).ok_or_else(|| {
            let message = "the handler is in no registry";
            io_core::Error::new(io_core::ErrorKind::UnknownScheme, message)
        })?;
        let store = match registration.store {
            Some(_) => Some(registry.store(&url, &options)?),
            None => None,
        };
        let own = Own::open(&url, &options)?;
        Ok(Self { url, options, registration, handler, store, own })
    }

    /// The files of the model at the URL, where they can be asked about one by one.
    pub(super) async fn files(&self) -> Option<Result<Box<dyn ModelFiles>>> {
        match &self.own {
            // Its one file is none that the manifest names.
            #[cfg(feature = "fs")]
            Own::Files(_) if self.options.settings.contains_key("weights") => None,
            #[cfg(feature = "fs")]
            Own::Files(store) => {
                Some(store.files(&self.url).await.map(|files| Box::new(files) as _))
            }
            #[cfg(feature = "http")]
            Own::Http(handler) => Some(handler.files().await.map(|files| Box::new(files) as _)),
            #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
            Own::Cloud(place) => {
                Some(place.store.files(&self.url).await.map(|files| Box::new(files) as _))
            }
            Own::Nothing => None,
        }
    }
}

impl Own {
    fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Self> {
        #[cfg(feature = "fs")]
        if io_fs::REGISTRATION.schemes.contains(&url.scheme()) {
            return Ok(Self::Files(io_fs::FsStore::new(url.clone(), options.clone())?));
        }
        #[cfg(feature = "http")]
        if io_http::REGISTRATION.schemes.contains(&url.scheme()) {
            return Ok(Self::Http(io_http::HttpHandler::new(url.clone(), options.clone())?));
        }
        #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
        if let Some(place) = io_object_store::place(url, options)? {
            return Ok(Self::Cloud(Box::new(place)));
        }
        let _ = (url, options);
        Ok(Self::Nothing)
    }
}
