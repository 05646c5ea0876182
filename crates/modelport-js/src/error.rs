//! Errors as plain objects, of which `js/error.js` makes a `ModelportError`.

use std::error::Error as _;

use js_sys::{Array, Object};
use modelport::{Error, ErrorKind, ModelUrl};
use wasm_bindgen::JsValue;

use crate::{info::number, object::set, wording};

/// The object for `error`, which came of the models at `urls`.
pub(crate) fn to_js(error: &Error, urls: &[&ModelUrl]) -> JsValue {
    let object = Object::new();
    let message = wording::of_tfjs(error, urls).unwrap_or_else(|| error.to_string());
    set(&object, "message", message);
    set(&object, "kind", kind(error.kind()));
    set(&object, "retryable", error.is_retryable());
    if let Some(operation) = error.operation() {
        set(&object, "operation", operation.to_string());
    }
    if let Some(url) = error.url() {
        set(&object, "url", url);
    }
    if let Some(hint) = error.hint() {
        set(&object, "hint", hint);
    }
    if let ErrorKind::QuotaExceeded { needed, available } = error.kind() {
        for (key, bytes) in [("needed", needed), ("available", available)] {
            if let Some(bytes) = bytes {
                set(&object, key, number(bytes));
            }
        }
    }
    let causes = Array::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(&inner.to_string().into());
        cause = inner.source();
    }
    set(&object, "causes", causes);
    object.into()
}

/// The name of a kind.
fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "NotFound",
        ErrorKind::AlreadyExists => "AlreadyExists",
        ErrorKind::Conflict => "Conflict",
        ErrorKind::Unsupported => "Unsupported",
        ErrorKind::UnknownScheme => "UnknownScheme",
        ErrorKind::DuplicateScheme => "DuplicateScheme",
        ErrorKind::InvalidUrl => "InvalidUrl",
        ErrorKind::InvalidInput => "InvalidInput",
        ErrorKind::Corrupt => "Corrupt",
        ErrorKind::QuotaExceeded { .. } => "QuotaExceeded",
        ErrorKind::OutOfMemory => "OutOfMemory",
        ErrorKind::PermissionDenied => "PermissionDenied",
        ErrorKind::Network => "Network",
        ErrorKind::Timeout => "Timeout",
        ErrorKind::Cancelled => "Cancelled",
        _ => "Unexpected",
    }
}
