//! Why a request got no answer, as well as a page can know: browsers say no more than "failed".

use std::net::Ipv4Addr;

use io_core::{Error, ErrorKind};
use io_web::JsError;
use wasm_bindgen::JsValue;

use super::{
    javascript::{global, property},
    url::Url,
};
use crate::retry::Failure;

/// What `fetch` of `url` threw. `special` is whether the request had headers of the caller's;
/// `own` whether it was the caller's own `fetch`, whose reasons we do not know.
pub(super) async fn explain(thrown: &JsValue, url: &Url, special: bool, own: bool) -> Failure {
    let cause = JsError::new(thrown);
    if cause.name != "TypeError" || own {
        let error = io_web::error("the request failed", thrown);
        return match error.kind() {
            ErrorKind::Cancelled => Error::new(ErrorKind::Cancelled, "the request was cancelled")
                .with_source(cause)
                .into(),
            _ if error.is_retryable() || cause.name == "TypeError" => Failure::passing(
                Error::new(ErrorKind::Network, "the request failed").with_source(cause),
            ),
            _ => error.into(),
        };
    }
    let origin = io_web::page_origin().unwrap_or_default();
    let foreign = url.origin().ascii_serialization() != origin;
    let network =
        |message: &str| Error::new(ErrorKind::Network, message).with_source(cause.clone());
    if origin.starts_with("https:") && url.scheme() == "http" && !is_loopback(url) {
        let error = network("a page that came over https cannot ask a server over http");
        return error.with_hint("use the https URL of the server").into();
    }
    let who = if origin.is_empty() { "this page" } else { origin.as_str() };
    if foreign && io_web::answers(url.as_str()).await {
        let message = "the server does not let pages of other origins read this (CORS)";
        let headers = if special {
            "; for the headers and the method that were set also `Access-Control-Allow-Headers` and \
             `Access-Control-Allow-Methods`"
        } else {
            ""
        };
        let error = Error::new(ErrorKind::PermissionDenied, message).with_source(cause);
        return error
            .with_hint(format!(
                "the server has to send `Access-Control-Allow-Origin` for {who}{headers}"
            ))
            .into();
    }
    let error = network("the server cannot be reached");
    Failure::passing(match (is_offline(), foreign, special) {
        // Which says nothing about servers on the device itself.
        (true, ..) if !is_loopback(url) => {
            error.with_hint("the browser says that this device is offline")
        }
        // Some pages may not even ask whether it is there.
        (_, true, _) => error
            .with_hint(format!("if it runs, it may not let pages of {who} read from it (CORS)")),
        // The mode `same-origin` keeps headers from leaving by a redirect.
        (_, false, true) => error.with_hint(
            "a redirect to another origin looks the same; set `redirect` to `follow` if the \
             headers that were set may go there",
        ),
        _ => error,
    })
}

fn is_offline() -> bool {
    let online = property(&global(), "navigator").and_then(|it| property(&it, "onLine"));
    online.is_some_and(|online| online.as_bool() == Some(false))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    // Browsers write an address in one way only.
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}
