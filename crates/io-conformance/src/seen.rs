//! What was seen where a promise was broken.

use std::{error::Error as _, fmt::Write as _};

use io_core::Error;

/// What was seen where a promise was broken, in words.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) String);

/// What a behaviour returns.
pub(crate) type Outcome<T = ()> = Result<T, Seen>;

/// An error where the promise allows none.
impl From<Error> for Seen {
    fn from(error: Error) -> Self {
        Self(format!("this error: {}", chain(&error)))
    }
}

/// The text of `error` and of its causes, with its kind.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = format!("{error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    let _ = write!(text, " ({:?})", error.kind());
    text
}

/// Returns from a behaviour with what was seen, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err($crate::seen::Seen(format!($($seen)+)));
        }
    };
}
