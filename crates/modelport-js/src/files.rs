//! Models in files that a person picked.

use io_downloads::FilesHandler;
use js_sys::{Array, Promise};
use modelport::{IOHandler, Result};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::File;

use crate::{models::load_from, object::invalid, options};

/// Loads the model in a list of `File`s, as [`load`](crate::models::load) does from a URL.
#[wasm_bindgen(js_name = loadFiles)]
pub fn load_files(files: &Array, options: &JsValue) -> Promise {
    let opened = files_of(files).and_then(|files| {
        let read = options::handler(options)?;
        let progress = read.progress.clone();
        let handler: Box<dyn IOHandler> = Box::new(FilesHandler::new(files, read)?);
        Ok((handler, progress))
    });
    load_from(opened, options)
}

fn files_of(files: &Array) -> Result<Vec<File>> {
    let files = files.iter().map(|file| file.dyn_into().map_err(|_| invalid("files", "of Files")));
    files.collect()
}
