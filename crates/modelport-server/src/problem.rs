//! What a client is told when something fails: a status, a kind and a sentence, and nothing of the
//! host behind the server.

use std::error::Error as _;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use io_core::{Error, ErrorKind};
use serde_json::json;

use crate::name::ModelName;

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), header: None }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidInput", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", message)
    }

    pub(crate) fn body_too_large(limit: u64) -> Self {
        Self::too_large(format!(
            "the body of the request is longer than the {limit} bytes that this server accepts \
             (`--max-body-bytes`)"
        ))
    }

    pub(crate) fn file_too_large(what: &str, limit: u64) -> Self {
        Self::too_large(format!(
            "{what} is longer than the {limit} bytes that this server accepts \
             (`--max-json-bytes`)"
        ))
    }

    pub(crate) fn busy() -> Self {
        let message = "there are too many uploads at this moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", message)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// A bug, of ours or of a dependency. What it says may hold anything, so nothing is repeated.
    pub(crate) fn panicked() -> Self {
        tracing::error!("a request ended by a panic");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Unexpected", "the server failed")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let message = format!("method not allowed: only {allow}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Unsupported", message)
            .with_header(header::ALLOW, HeaderValue::from_static(allow))
    }

    pub(crate) fn exists(name: &ModelName) -> Self {
        let message = format!("there already is a model `{name}`");
        Self::new(StatusCode::PRECONDITION_FAILED, "AlreadyExists", message)
    }

    /// What a client sent is wrong. The error is one of our pure functions', which know nothing but
    /// what the client sent.
    pub(crate) fn from_input(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Corrupt => "Corrupt",
            _ => "InvalidInput",
        };
        let mut message = error.to_string();
        if let Some(source) = error.source() {
            message = format!("{message}: {source}");
        }
        Self::new(StatusCode::BAD_REQUEST, kind, message)
    }

    /// What the store says. Its own words name places on the host: they are for the log.
    pub(crate) fn from_store(error: &Error, name: Option<&ModelName>) -> Self {
        let model = name.map_or_else(String::new, |name| format!(" `{name}`"));
        let (status, kind, message) = match error.kind() {
            ErrorKind::NotFound => {
                (StatusCode::NOT_FOUND, "NotFound", format!("there is no model{model}"))
            }
            ErrorKind::AlreadyExists => (
                StatusCode::PRECONDITION_FAILED,
                "AlreadyExists",
                format!("there already is a model{model}"),
            ),
            ErrorKind::Conflict => (
                StatusCode::CONFLICT,
                "Conflict",
                format!("the model{model} was modified concurrently"),
            ),
            ErrorKind::Unsupported => {
                let message = "the store cannot do this".to_owned();
                (StatusCode::NOT_IMPLEMENTED, "Unsupported", message)
            }
            ErrorKind::InvalidUrl | ErrorKind::InvalidInput => (
                StatusCode::BAD_REQUEST,
                "InvalidInput",
                format!("the store refuses the request for the model{model}"),
            ),
            ErrorKind::Corrupt => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Corrupt",
                format!("the stored model{model} is damaged"),
            ),
            ErrorKind::QuotaExceeded { .. } => {
                let message = "there is no room for the model".to_owned();
                (StatusCode::INSUFFICIENT_STORAGE, "QuotaExceeded", message)
            }
            ErrorKind::Network => {
                let message = "the store cannot be reached".to_owned();
                (StatusCode::BAD_GATEWAY, "Network", message)
            }
            ErrorKind::Timeout => {
                let message = "the store does not answer in time".to_owned();
                (StatusCode::GATEWAY_TIMEOUT, "Timeout", message)
            }
            ErrorKind::PermissionDenied => {
                let message = "the store refuses the server".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "PermissionDenied", message)
            }
            _ => {
                let message = "the store failed".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "Unexpected", message)
            }
        };
        if status.is_server_error() {
            let mut causes = String::new();
            let mut next = error.source();
            while let Some(cause) = next {
                causes.push_str(": ");
                causes.push_str(&cause.to_string());
                next = cause.source();
            }
            tracing::error!(model = name.map(ModelName::as_str), "{error}{causes}");
        }
        Self::new(status, kind, message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({"error": {"kind": self.kind, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        response.headers_mut().extend(self.header.map(|(name, value)| (Some(name), value)));
        response
    }
}
