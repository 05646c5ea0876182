//! The failures that every transport has.

use io_core::{Error, ErrorKind};

use crate::retry::Failure;

pub(crate) fn idle() -> Failure {
    Failure::passing(Error::new(ErrorKind::Timeout, "the server was silent for too long"))
}

/// `awaited` is what was not there yet, where that is known.
pub(crate) fn out_of_time(awaited: Option<&str>) -> Error {
    let mut message = "the time for the whole operation is over".to_owned();
    if let Some(awaited) = awaited {
        message = format!("{message} before {awaited} is read");
    }
    Error::new(ErrorKind::Timeout, message).with_retryable(true)
}

/// The model is no longer the one that was loaded.
pub(crate) fn changed(what: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{what} was changed on the server since the model was loaded"),
    )
}
