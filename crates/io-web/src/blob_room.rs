//! Room for large Blobs.

use std::cell::Cell;

use io_core::{Error, ErrorKind, Result};
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Url};

use crate::{JsPiece, JsWeights, global};

/// What needs no question.
const LITTLE_BYTES: u64 = 16 << 20;

thread_local! {
    /// Whether this page or worker has asked.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Has the browser find out how much room it has for Blobs, before `bytes` go into some, or into a
/// record of a database.
///
/// Chromium that was just started keeps 500 MB of them, whatever its disk has room for; it looks for
/// more when a fetch ends in a Blob. Of what is beyond it makes Blobs that nobody can read, and says
/// nothing: [`check_blob`] does.
pub async fn ask_for_blob_room(bytes: u64) {
    if bytes > LITTLE_BYTES && !ASKED.replace(true) {
        // Where a page may not fetch, there is the room that there is.
        let _ = ask().await;
    }
}

/// Looks whether the browser has kept the bytes of `blob`.
///
/// # Errors
///
/// `OutOfMemory` when it has not.
pub async fn check_blob(blob: &Blob) -> Result<()> {
    let weights = JsWeights::new([JsPiece::Blob(blob.clone())]);
    let Some(last) = weights.byte_length().checked_sub(1) else { return Ok(()) };
    let read = weights.slice(last..last + 1)?.to_array_buffer().await;
    read.map(drop).map_err(|error| {
        let message = format!("the browser does not keep a file of {} bytes", last + 1);
        Error::new(ErrorKind::OutOfMemory, message).with_source(error)
    })
}

async fn ask() -> Result<(), JsValue> {
    let blob = Blob::new_with_str_sequence(&Array::of1(&"x".into()))?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let fetched = fetch_blob(&url).await;
    Url::revoke_object_url(&url)?;
    fetched
}

async fn fetch_blob(url: &str) -> Result<(), JsValue> {
    let global = global();
    let fetch: Function = global.find(&["fetch"]).unwrap_or_default().dyn_into()?;
    let response = JsFuture::from(Promise::resolve(&fetch.call1(&global, &url.into())?)).await?;
    let blob: Function = Reflect::get(&response, &"blob".into())?.dyn_into()?;
    JsFuture::from(Promise::resolve(&blob.call0(&response)?)).await.map(drop)
}
