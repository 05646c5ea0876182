//! From what the operating system says to what the caller can do.

use std::{io, path::Path};

use io_core::{Error, ErrorKind, redact};

/// `what` failed with `error`; `what` is a clause such as "cannot create `x`".
pub(crate) fn failed(what: impl Into<String>, error: io::Error) -> Error {
    Error::new(kind(&error), what).with_source(error)
}

/// A closure for `map_err`: `verb` failed on `path`.
pub(crate) fn on<'a>(
    verb: &'a str,
    path: impl AsRef<Path> + 'a,
) -> impl FnOnce(io::Error) -> Error {
    move |error| failed(format!("cannot {verb} `{}`", shown(path.as_ref())), error)
}

/// A path as it may be printed: a URL of another kind may have been taken for one, with all its
/// secrets.
pub(crate) fn shown(path: &Path) -> String {
    redact(&path.display().to_string())
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::QuotaExceeded { needed: None, available: None }
        }
        io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
        // A file that was cut while it was read.
        io::ErrorKind::UnexpectedEof => ErrorKind::Conflict,
        io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::InvalidFilename => ErrorKind::InvalidUrl,
        io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
        _ => ErrorKind::Unexpected,
    }
}
