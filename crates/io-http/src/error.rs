//! From what the transport says to what the caller can do.

use std::io;

use io_core::{Error, ErrorKind};

use crate::retry::Failure;

/// A request that got no answer, or not the whole of one.
pub(crate) fn failed(message: &str, error: reqwest::Error) -> Failure {
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
    let error = Error::new(kind, message).with_source(error.without_url());
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

pub(crate) fn idle() -> Failure {
    Failure::passing(Error::new(ErrorKind::Timeout, "the server was silent for too long"))
}

pub(crate) fn out_of_time() -> Error {
    let message = "the time for the whole operation is over";
    Error::new(ErrorKind::Timeout, message).with_retryable(true)
}

/// The model is no longer the one that was loaded.
pub(crate) fn changed(what: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{what} was changed on the server since the model was loaded"),
    )
}
