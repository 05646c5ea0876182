//! From what SQLite says to what the caller can do.

use io_core::{Error, ErrorKind};
use rusqlite::{Error as SqlError, ErrorCode};

/// A closure for `map_err`: `what` was tried, a clause such as "cannot read the database".
pub(crate) fn on(what: &'static str) -> impl FnOnce(SqlError) -> Error {
    move |error| {
        let (kind, retryable) = match error.sqlite_error_code() {
            _ if is_busy(&error) => (ErrorKind::Timeout, true),
            Some(ErrorCode::DiskFull) => {
                (ErrorKind::QuotaExceeded { needed: None, available: None }, false)
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::AuthorizationForStatementDenied,
            ) => (ErrorKind::PermissionDenied, false),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                (ErrorKind::Corrupt, false)
            }
            Some(ErrorCode::OutOfMemory | ErrorCode::TooBig) => (ErrorKind::OutOfMemory, false),
            _ => (ErrorKind::Unexpected, false),
        };
        Error::new(kind, what).with_retryable(retryable).with_source(error)
    }
}

/// Another connection has a lock that was needed.
pub(crate) fn is_busy(error: &SqlError) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// There is no such model.
pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no model of this name in the database")
}
