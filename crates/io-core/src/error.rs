//! The one error type: what went wrong, by what the caller can do about it.

use std::fmt;

use crate::ModelUrl;

/// The result of everything in modelport that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any underlying error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong, by what the caller can do about it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no model, or a part of it is missing.
    NotFound,
    /// Something is already there and the caller asked not to replace it.
    AlreadyExists,
    /// Somebody else changed the model meanwhile; trying again may succeed.
    Conflict,
    /// The handler does not do this, on this target or at all.
    Unsupported,
    /// No handler is registered for the scheme of the URL.
    UnknownScheme,
    /// Two handlers claim one scheme.
    DuplicateScheme,
    /// The URL cannot be read, or names no place that the handler could use.
    InvalidUrl,
    /// An argument or an option is wrong.
    InvalidInput,
    /// The data is damaged, or is not a model.
    Corrupt,
    /// There is no room, in bytes where they are known.
    QuotaExceeded {
        /// What the operation needs.
        needed: Option<u64>,
        /// What is left.
        available: Option<u64>,
    },
    /// There is not enough memory for what was asked.
    OutOfMemory,
    /// Access was refused.
    PermissionDenied,
    /// The connection failed.
    Network,
    /// Something took too long.
    Timeout,
    /// The caller gave up.
    Cancelled,
    /// Everything else.
    Unexpected,
}

/// What was being done, for the message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Finding and building the handler.
    Open,
    /// Saving a model.
    Save,
    /// Loading a model.
    Load,
    /// Listing the models of a store.
    List,
    /// Looking at one model's sizes and date.
    Stat,
    /// Removing a model.
    Remove,
    /// Copying a model.
    Copy,
    /// Moving a model.
    Move,
    /// Checking a model against its checksums.
    Verify,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Save => "save",
            Self::Load => "load",
            Self::List => "list",
            Self::Stat => "stat",
            Self::Remove => "remove",
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Verify => "verify",
        })
    }
}

/// A failure: its kind, what was being done to which URL, a hint, and the cause.
///
/// The text says our part only; the cause is behind [`source`](std::error::Error::source), so a
/// printed chain never says anything twice. The URL is kept without credentials.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<Operation>,
    url: Option<String>,
    hint: Option<String>,
    retryable: bool,
    unknown_option: bool,
    source: Option<BoxError>,
}

impl Error {
    /// An error of `kind` whose text is `message`: one clause, without a full stop. What is longer
    /// than any clause is cut: a stranger's name may be in it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: short(message.into()),
            operation: None,
            url: None,
            hint: None,
            retryable: matches!(kind, ErrorKind::Conflict),
            unknown_option: false,
            source: None,
        }))
    }

    /// `Corrupt` with `message`, the most common error of readers.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// The error of an operation that the handler of `scheme` does not do.
    pub fn unsupported(scheme: &str, operation: Operation) -> Self {
        Self::new(ErrorKind::Unsupported, format!("`{scheme}://` cannot {operation} models"))
    }

    /// The error of an option that a handler does not know.
    pub(crate) fn unknown_option(name: &str) -> Self {
        let mut error = Self::new(ErrorKind::InvalidInput, format!("unknown option `{name}`"));
        error.0.unknown_option = true;
        error
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the user can do about it, as one sentence without a full stop.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Adds what it is about, before the text: one file of several.
    ///
    /// ```
    /// # use io_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Network, "the server cannot be reached");
    /// let error = error.with_subject("weight file `w.bin`");
    /// assert_eq!(error.to_string(), "weight file `w.bin`: the server cannot be reached");
    /// ```
    #[must_use]
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.0.message = format!("{subject}: {}", self.0.message);
        self
    }

    /// Adds what was being done to which URL, unless an inner layer already said so.
    #[must_use]
    pub fn with_context(mut self, operation: Operation, url: &ModelUrl) -> Self {
        self.0.operation.get_or_insert(operation);
        self.0.url.get_or_insert_with(|| url.to_string());
        self
    }

    /// What went wrong, by what the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether a handler was given an option of a name that it does not know. With one set of options
    /// for two handlers, it may be one of the other handler.
    ///
    /// ```
    /// use io_core::HandlerOptions;
    ///
    /// let options = HandlerOptions::new().with_setting("retries", "1");
    /// assert!(options.read_settings(&["fsync"]).unwrap_err().is_unknown_option());
    /// ```
    pub fn is_unknown_option(&self) -> bool {
        self.0.unknown_option
    }

    /// What was being done.
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// The URL, without credentials.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "cannot {operation}")?;
            if let Some(url) = &self.0.url {
                write!(f, " {url}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("operation", &self.0.operation)
            .field("url", &self.0.url)
            .field("hint", &self.0.hint)
            .field("retryable", &self.0.retryable)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The longest text of an error, in characters.
const LONGEST: usize = 2_000;

fn short(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind, Operation};
    use crate::ModelUrl;
    use std::error::Error as _;

    #[test]
    fn text_names_operation_and_url_and_leaves_the_cause_to_the_chain() {
        let url = ModelUrl::parse("http://me:secret@h/m?X-Amz-Signature=abc").unwrap();
        let error = Error::new(ErrorKind::Network, "the server closed the connection")
            .with_source(std::io::Error::other("broken pipe"))
            .with_context(Operation::Load, &url)
            .with_context(Operation::Copy, &url);
        let text = error.to_string();
        assert!(text.starts_with("cannot load http://"), "{text}");
        assert!(!text.contains("broken pipe"), "{text}");
        assert_eq!(error.source().unwrap().to_string(), "broken pipe");
        for form in [text, format!("{error:?}")] {
            assert!(!form.contains("secret") && !form.contains("abc"), "{form}");
        }
    }

    #[test]
    fn a_text_of_any_length_is_cut() {
        let text = |length| Error::corrupt("é".repeat(length)).to_string();
        assert_eq!(text(2_000), "é".repeat(2_000));
        assert_eq!(text(3_000_000), "é".repeat(2_000) + "…");
    }
}
