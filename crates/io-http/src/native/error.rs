//! From what the transport says to what the caller can do.

use std::io;

use io_core::{Error, ErrorKind};

use super::proxy::Through;
use crate::retry::Failure;

/// A request that got no answer, or not the whole of one; `proxy` is the one that it went through.
pub(super) fn failed(message: &str, error: reqwest::Error, proxy: Option<&Through>) -> Failure {
    let is_connect = error.is_connect();
    let untrusted = is_tls(&error);
    let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Network };
    let message = match (error.is_connect(), error.is_timeout()) {
        _ if untrusted => "no trusted connection to the server can be made",
        (true, true) => "connecting to the server took too long",
        (true, false) => "the server cannot be reached",
        _ => message,
    };
    // A request that could not be built, or a certificate, will not get better.
    let passing = !error.is_builder() && !untrusted;
    // The URL may have a secret in its query; whoever needs it has it from the context.
    let error = error.without_url();
    let error = match proxy.filter(|_| is_connect && !untrusted) {
        Some(proxy) => proxy.named(kind, message, error),
        None => Error::new(kind, message).with_source(error),
    };
    if passing { Failure::passing(error) } else { Failure::from(error) }
}

/// Whether TLS is among the causes.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    // An error of the system's kind keeps what it wraps to itself.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let within = wrapped.is_some_and(|wrapped| is_tls(wrapped));
    within || error.source().is_some_and(is_tls)
}
