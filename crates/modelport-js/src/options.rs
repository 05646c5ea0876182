//! The object of options that every function takes.

use std::num::NonZeroU64;

use js_sys::{Object, Reflect};
use modelport::{
    Error, ErrorKind, HandlerOptions, Progress, ProgressCallback, Result, TransferOptions,
    WriteMode,
};
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use crate::{
    info::number,
    object::{get_as, get_bool, get_function, get_some, invalid, set},
};

/// The options of one handler.
///
/// # Errors
///
/// `InvalidInput` when one is of the wrong type.
pub(crate) fn handler(options: &JsValue) -> Result<HandlerOptions> {
    let mut read = HandlerOptions::new();
    if let Some(progress) = progress(options)? {
        read = read.with_progress(progress);
    }
    if let Some(verify) = get_bool(options, "verify")? {
        read = read.with_verify(verify);
    }
    if get_bool(options, "overwrite")? == Some(false) {
        read = read.with_write_mode(WriteMode::Create);
    }
    if let Some(bytes) = get_some(options, "shardBytes")? {
        read = read.with_shard_bytes(shard_bytes(&bytes)?);
    }
    if let Some(settings) = get_as::<Object>(options, "settings", "an object")? {
        for name in Object::keys(&settings) {
            let value = Reflect::get(&settings, &name).map_err(io_web::on("no settings"))?;
            let pair = (name.as_string(), value.as_string());
            let (Some(name), Some(value)) = pair else {
                return Err(invalid("settings", "an object of texts"));
            };
            read = read.with_setting(name, value);
        }
    }
    Ok(read)
}

/// The options of a copy or a move: those of the destination, and `source` for the source.
///
/// # Errors
///
/// `InvalidInput` when one is of the wrong type.
pub(crate) fn transfer(options: &JsValue) -> Result<TransferOptions> {
    let source = get_some(options, "source")?.unwrap_or(JsValue::UNDEFINED);
    let mut source = handler(&source)?;
    let destination = handler(options)?;
    source.verify &= destination.verify;
    Ok(TransferOptions::new().with_source(source).with_destination(destination))
}

/// What cancels the operation.
///
/// # Errors
///
/// `InvalidInput` when it is no `AbortSignal`.
pub(crate) fn signal(options: &JsValue) -> Result<Option<AbortSignal>> {
    get_as(options, "signal", "an AbortSignal")
}

/// Tells `onProgress` of a fraction, as TensorFlow.js does, and of the bytes.
fn progress(options: &JsValue) -> Result<Option<ProgressCallback>> {
    let Some(callback) = get_function(options, "onProgress")? else { return Ok(None) };
    Ok(Some(ProgressCallback::new(move |Progress { done, total, .. }| {
        let fraction = if total == 0 { 1.0 } else { number(done) / number(total) };
        let bytes = Object::new();
        set(&bytes, "done", number(done));
        set(&bytes, "total", number(total));
        // `js/engine.js` reports what the callback throws.
        let _ = callback.call2(&JsValue::UNDEFINED, &fraction.into(), &bytes);
    })))
}

fn shard_bytes(bytes: &JsValue) -> Result<NonZeroU64> {
    let whole = bytes.as_f64().filter(|&bytes| bytes.fract() == 0.0 && bytes >= 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let whole = whole.and_then(|bytes| NonZeroU64::new(bytes as u64));
    whole.ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, "`shardBytes` is not a whole number from 1")
    })
}
