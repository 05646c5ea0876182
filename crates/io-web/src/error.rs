//! JavaScript's exceptions as errors of ours.

use std::fmt;

use io_core::{Error, ErrorKind};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The error of a call that threw `value`; `message` is our part of the text, one clause.
///
/// Only texts are kept: the exception itself could not cross threads, and our errors can.
pub fn error(message: impl Into<String>, value: &JsValue) -> Error {
    let cause = JsError::new(value);
    let kind = kind_of(&cause.name);
    let retryable = matches!(kind, ErrorKind::Conflict | ErrorKind::Network | ErrorKind::Timeout)
        || is_lost_connection(&cause);
    Error::new(kind, message).with_retryable(retryable).with_source(cause)
}

/// [`error`] as a function for `map_err`.
pub fn on(message: &'static str) -> impl FnOnce(JsValue) -> Error {
    move |value| error(message, &value)
}

/// What the name of an exception says about what the caller can do.
pub fn kind_of(name: &str) -> ErrorKind {
    match name {
        "QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED" => {
            ErrorKind::QuotaExceeded { needed: None, available: None }
        }
        "NotFoundError" => ErrorKind::NotFound,
        "ConstraintError" => ErrorKind::AlreadyExists,
        "AbortError" => ErrorKind::Cancelled,
        "SecurityError" | "NotAllowedError" | "NoModificationAllowedError" | "ReadOnlyError" => {
            ErrorKind::PermissionDenied
        }
        "TimeoutError" => ErrorKind::Timeout,
        "NetworkError" => ErrorKind::Network,
        // A file that has changed since a person picked it.
        "NotReadableError" | "VersionError" => ErrorKind::Conflict,
        "NotSupportedError" => ErrorKind::Unsupported,
        "DataCloneError" | "DataError" => ErrorKind::InvalidInput,
        "InvalidCharacterError" | "EncodingError" | "SyntaxError" => ErrorKind::Corrupt,
        // "Array buffer allocation failed", "Invalid string length".
        "RangeError" => ErrorKind::OutOfMemory,
        _ => ErrorKind::Unexpected,
    }
}

/// Name and message of a JavaScript exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsError {
    /// The name, such as `QuotaExceededError`; empty for what was thrown without one.
    pub name: String,
    /// The message.
    pub message: String,
}

impl JsError {
    /// Copies name and message of whatever was thrown.
    pub fn new(value: &JsValue) -> Self {
        let text = |key: &str| {
            let found = Reflect::get(value, &key.into()).ok()?;
            found.as_string()
        };
        // A string has no properties but may be thrown all the same.
        let message = value.as_string().or_else(|| text("message"));
        Self {
            name: text("name").unwrap_or_default(),
            message: message.unwrap_or_else(|| format!("{value:?}")),
        }
    }
}

impl fmt::Display for JsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(message),
            (name, "") => f.write_str(name),
            (name, message) => write!(f, "{name}: {message}"),
        }
    }
}

impl std::error::Error for JsError {}

/// WebKit loses the process that keeps its databases, and says only this.
fn is_lost_connection(cause: &JsError) -> bool {
    cause.name == "UnknownError" && cause.message.to_ascii_lowercase().contains("connection")
}
