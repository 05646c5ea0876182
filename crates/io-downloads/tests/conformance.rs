//! Downloads and picked files show every behaviour that they claim, each the other's back door.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

mod page;

use async_trait::async_trait;
use io_conformance::{Place, run, unique_name};
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, ModelUrl, Operation,
    Registration, Result, SaveResult,
};
use io_downloads::FilesHandler;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Picks the files of the last download of a name.
#[derive(Debug)]
struct Picker {
    url: ModelUrl,
    options: HandlerOptions,
}

const CAPABILITIES: Capabilities = Capabilities::NONE.load().stream();

static PICKER: Registration = Registration {
    name: "picker",
    krate: env!("CARGO_PKG_NAME"),
    schemes: &["picker"],
    capabilities: CAPABILITIES,
    open: |url, options| {
        options.read_settings(&[])?;
        Ok(Box::new(Picker { url: url.clone(), options: options.clone() }))
    },
    store: None,
};

#[async_trait(?Send)]
impl IOHandler for Picker {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn save(&self, _: ModelArtifacts) -> Result<SaveResult> {
        Err(Error::unsupported("picker", Operation::Save))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let files = page::files(&self.url.rest().replace('/', "_"));
        if files.is_empty() {
            let error = Error::new(ErrorKind::NotFound, "nothing was downloaded");
            return Err(error.with_context(Operation::Load, &self.url));
        }
        FilesHandler::new(files, self.options.clone())?.load().await
    }
}

fn places() -> (Place, Place) {
    let name = unique_name();
    let downloads = Place::new(&io_downloads::REGISTRATION, format!("downloads://{name}"));
    (downloads, Place::new(&PICKER, format!("picker://{name}")))
}

fn downloads() -> Place {
    let (downloads, picker) = places();
    downloads.with_back_door(picker)
}

fn picker() -> Place {
    let (downloads, picker) = places();
    picker.with_back_door(downloads)
}

#[wasm_bindgen_test]
async fn downloads_show_every_behaviour() {
    let report = run(downloads).await;
    assert!(report.failed.is_empty(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (44, 61), "{report}");
}

#[wasm_bindgen_test]
async fn picked_files_show_every_behaviour() {
    let report = run(picker).await;
    assert!(report.failed.is_empty(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (34, 71), "{report}");
}
