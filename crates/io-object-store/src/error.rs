//! From what an object store says to what the caller can do.

use std::{error::Error as StdError, fmt};

use io_core::{Error, ErrorKind, redact};
use object_store::path::Path;

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use crate::http::{self, ErrorResponse};
#[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp")))]
use no_cloud::{ErrorResponse, hint, is_without_bucket, response, typed_kind};

/// A closure for `map_err`: `verb` failed on the object `path`.
pub(crate) fn on<'a>(
    verb: &'a str,
    path: &'a Path,
) -> impl FnOnce(object_store::Error) -> Error + 'a {
    move |error| failed(format!("cannot {verb} `{}`", shown(path)), &error)
}

/// `what` failed with `error`; `what` is a clause such as "cannot read `x`".
pub(crate) fn failed(what: impl Into<String>, error: &object_store::Error) -> Error {
    use object_store::Error as E;
    let cause = Cause::of(error);
    // What gives the client credentials has said why there are none.
    let mut causes =
        std::iter::successors(Some(error as &(dyn StdError + 'static)), |&it| it.source());
    if let Some(own) = causes.find_map(|cause| cause.downcast_ref::<Error>()) {
        return Error::new(own.kind(), what).with_retryable(own.is_retryable()).with_source(cause);
    }
    let kind = match error {
        E::NotFound { .. } => ErrorKind::NotFound,
        E::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        E::Precondition { .. } | E::NotModified { .. } => ErrorKind::Conflict,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => ErrorKind::PermissionDenied,
        E::NotSupported { .. } | E::NotImplemented { .. } => ErrorKind::Unsupported,
        E::InvalidPath { .. } => ErrorKind::InvalidUrl,
        E::UnknownConfigurationKey { .. } => ErrorKind::InvalidInput,
        _ => typed_kind(error).unwrap_or_else(|| cause.kind()),
    };
    #[cfg(all(target_family = "wasm", any(feature = "aws", feature = "azure", feature = "gcp")))]
    if let Some(hint) = crate::page::hint(error, &cause.0) {
        return Error::new(ErrorKind::PermissionDenied, what).with_hint(hint).with_source(cause);
    }
    let mut what = what.into();
    if is_without_bucket(error) {
        what.push_str(": there is no such bucket");
    }
    let retryable = matches!(kind, ErrorKind::Conflict | ErrorKind::Network | ErrorKind::Timeout);
    let failed = Error::new(kind, what).with_retryable(retryable).with_source(cause);
    match hint(error) {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

/// Whether the store refuses to say whether there is such an object: S3 and Google Cloud Storage do
/// to those who may not list. A client of the caller's own does not tell why it was refused.
pub(crate) fn may_hide_absence(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::PermissionDenied { .. })
        || response(error).is_some_and(ErrorResponse::may_hide_absence)
}

/// Whether the store has said no, so that nothing can come of the request any more.
pub(crate) fn is_refusal(error: &object_store::Error) -> bool {
    use object_store::Error as E;
    let says_no = matches!(
        error,
        E::NotFound { .. }
            | E::PermissionDenied { .. }
            | E::Unauthenticated { .. }
            | E::InvalidPath { .. }
    );
    says_no || is_missing(error) || response(error).is_some_and(ErrorResponse::is_refusal)
}

/// The error response that `error` is about; `None` for clients of the caller's own, too.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn response<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a ErrorResponse> {
    http::cause(error)
}

/// The kind of an error by its type; `None` where the client says it in words alone.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn typed_kind(error: &object_store::Error) -> Option<ErrorKind> {
    use object_store::client::{HttpError, HttpErrorKind};
    if let Some(response) = response(error) {
        return Some(response.kind());
    }
    if http::cause::<http::BadResponse>(error).is_some() {
        return Some(ErrorKind::Corrupt);
    }
    let error = http::cause::<HttpError>(error)?;
    Some(match error.kind() {
        HttpErrorKind::Timeout => ErrorKind::Timeout,
        HttpErrorKind::Decode => ErrorKind::Unexpected,
        // A request that cannot be made.
        _ if error.to_string().starts_with("HTTP error: builder error") => ErrorKind::Unexpected,
        _ => ErrorKind::Network,
    })
}

/// Whether there is no bucket.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn is_without_bucket(error: &object_store::Error) -> bool {
    response(error).is_some_and(ErrorResponse::names_no_bucket)
}

/// What the caller can do about it, where the store says.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn hint(error: &object_store::Error) -> Option<String> {
    let store = match error {
        object_store::Error::Generic { store, .. } => store,
        _ => "",
    };
    response(error)?.hint(store)
}

/// Without clouds there are no responses of theirs.
#[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp")))]
mod no_cloud {
    use io_core::ErrorKind;

    pub(super) enum ErrorResponse {}

    impl ErrorResponse {
        pub(super) fn may_hide_absence(&self) -> bool {
            match *self {}
        }
        pub(super) fn is_refusal(&self) -> bool {
            match *self {}
        }
        pub(super) fn is_missing_function(&self) -> bool {
            match *self {}
        }
    }

    pub(super) fn response<'a>(
        _: &'a (dyn std::error::Error + 'static),
    ) -> Option<&'a ErrorResponse> {
        None
    }
    pub(super) fn typed_kind(_: &object_store::Error) -> Option<ErrorKind> {
        None
    }
    pub(super) fn is_without_bucket(_: &object_store::Error) -> bool {
        false
    }
    pub(super) fn hint(_: &object_store::Error) -> Option<String> {
        None
    }
}
/// A key as it may be printed: a signed URL may have been taken for one.
pub(crate) fn shown(path: &Path) -> String {
    redact(path.as_ref())
}

/// The error of a reader who was overtaken by a saver.
pub(crate) fn replaced() -> Error {
    Error::new(ErrorKind::Conflict, "the model was replaced while it was read")
        .with_hint("try again")
}

/// What the store said, without addresses and signatures: its own errors print requests in full, a
/// shared access signature included.
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        if let Some(response) = response(error) {
            return Self(response.to_string());
        }
        let mut texts: Vec<String> = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Most layers print their cause as well.
            if !texts.iter().any(|known| known.contains(&text)) {
                texts.push(text);
            }
            next = error.source();
        }
        Self(clean(&without_body(&texts.join(": "))))
    }

    /// The same with `secrets` left out, wherever they stand.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn without<'a>(mut self, secrets: impl Iterator<Item = &'a str>) -> Self {
        for secret in secrets.filter(|secret| !secret.is_empty()) {
            self.0 = self.0.replace(secret, "REDACTED");
        }
        self
    }

    /// The kind of an error of a client that the caller has made: it has one error for whatever goes
    /// wrong on the way, and its text is all there is.
    fn kind(&self) -> ErrorKind {
        let quota = ErrorKind::QuotaExceeded { needed: None, available: None };
        // Addresses say nothing, and after a retry the text has the setting of that name.
        let words = self.0.split_whitespace().filter(|word| !word.contains("://"));
        let text = words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        let text = text.replace("retry_timeout", "");
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match status(&text) {
            Some(401 | 403) => ErrorKind::PermissionDenied,
            Some(408 | 504) => ErrorKind::Timeout,
            Some(405 | 501) => ErrorKind::Unsupported,
            Some(507) => quota,
            Some(429 | 500..600) => ErrorKind::Network,
            _ if has(&["expiredtoken", "invalidtoken", "tokenrefreshrequired"]) => {
                ErrorKind::PermissionDenied
            }
            _ if has(&[NO_VERSION]) => ErrorKind::Unsupported,
            _ if has(&["timed out", "timeout"]) => ErrorKind::Timeout,
            _ if has(&["quotaexceeded", "insufficientstorage"]) => quota,
            _ if has(&[
                "connect",
                "sending request",
                "dns",
                "connection",
                "slowdown",
                "server error",
                "body",
            ]) =>
            {
                ErrorKind::Network
            }
            _ => ErrorKind::Unexpected,
        }
    }
}

/// What a client says that wants to know a version which the store did not tell.
const NO_VERSION: &str = "required for conditional";

/// Whether it is not that something went wrong, but that the store cannot do it.
pub(crate) fn is_missing(error: &object_store::Error) -> bool {
    use object_store::Error as E;
    match error {
        E::NotImplemented { .. } | E::NotSupported { .. } => true,
        E::Generic { source, .. } => {
            response(error).is_some_and(ErrorResponse::is_missing_function)
                || source.to_string().contains(NO_VERSION)
        }
        _ => false,
    }
}

/// The status that a server answered with, by the text of the client's error in lower case.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({:?})", self.0)
    }
}

impl StdError for Cause {}

/// Of a server's answer in XML the code and the message alone: S3 repeats what was signed in it, a
/// session's token and a customer's key included.
fn without_body(text: &str) -> String {
    let starts = ["<?xml", "<Error"].into_iter().filter_map(|start| text.find(start));
    let Some((before, body)) = starts.min().and_then(|at| text.split_at_checked(at)) else {
        return text.to_owned();
    };
    let element = |name: &str| -> Option<&str> {
        let (_, after) = body.split_once(&format!("<{name}>"))?;
        Some(after.split_once(&format!("</{name}>"))?.0.trim())
    };
    let said: Vec<&str> = ["Code", "Message"].into_iter().filter_map(element).collect();
    format!("{before}{}", said.join(": "))
}

fn clean(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| match word.find("://") {
        // Of an address the origin is enough: its path is in our own words, its query is nobody's.
        Some(at) => {
            let host = at + 3;
            let rest = word.get(host..).unwrap_or_default();
            let end = rest.find(|c: char| "/?#'\"`),".contains(c) || c.is_whitespace());
            let origin = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let origin = origin.rsplit('@').next().unwrap_or_default();
            format!("{}{origin} ", word.get(..host).unwrap_or_default())
        }
        None => redact(word),
    });
    words.collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Cause, clean};
    use io_core::ErrorKind;

    /// As the client says it.
    #[test]
    fn a_status_tells_the_kind() {
        let retried = "Generic S3 error: Error performing PUT http://h/b/k in 245.5ms, after 2 \
                       retries, max_retries: 2, retry_timeout: 180s  - Server returned non-2xx \
                       status code: ";
        let quota = ErrorKind::QuotaExceeded { needed: None, available: None };
        for (said, kind) in [
            ("501 Not Implemented: <Error>", ErrorKind::Unsupported),
            ("500 Internal Server Error: ", ErrorKind::Network),
            ("503 Service Unavailable: <Code>SlowDown</Code>", ErrorKind::Network),
            ("429 Too Many Requests: ", ErrorKind::Network),
            ("504 Gateway Timeout: ", ErrorKind::Timeout),
            ("403 Forbidden: ", ErrorKind::PermissionDenied),
            ("507 Insufficient Storage: ", quota),
            ("400 Bad Request: <Code>RequestTimeout</Code>", ErrorKind::Timeout),
            ("400 Bad Request: <Code>ExpiredToken</Code>", ErrorKind::PermissionDenied),
            ("400 Bad Request: <Code>Whatever</Code>", ErrorKind::Unexpected),
        ] {
            let error = std::io::Error::other(format!("{retried}{said}"));
            assert_eq!(Cause::of(&error).kind(), kind, "{said}");
        }
        for host in ["connect", "timeout", "body", "dns", "slowdown"] {
            let said = format!("GET http://{host}.example/b in 2ms - status code: 400 Bad Request");
            let error = std::io::Error::other(said);
            assert_eq!(Cause::of(&error).kind(), ErrorKind::Unexpected, "{host}");
        }
        let stalled = std::io::Error::other("HTTP error: operation timed out");
        assert_eq!(Cause::of(&stalled).kind(), ErrorKind::Timeout);
    }

    #[test]
    fn of_a_body_there_is_what_was_wrong_and_nothing_that_was_signed() {
        let said = "Server returned non-2xx status code: 403 Forbidden: ";
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch\
                    </Code><Message>They do not match.</Message><CanonicalRequest>PUT\n\
                    x-amz-security-token:SECRET</CanonicalRequest><Token-0>SECRET</Token-0></Error>";
        let found = Cause::of(&std::io::Error::other(format!("{said}{body}")));
        assert_eq!(found.to_string(), format!("{said}SignatureDoesNotMatch: They do not match."));
        let cut = Cause::of(&std::io::Error::other(format!("{said}<Error><Token-0>SECRET")));
        assert_eq!(cut.to_string(), said.trim_end());
    }

    #[test]
    fn causes_have_no_signatures() {
        for text in [
            "error for url (https://u:SECRET@h.net/c/b?sv=1&sig=SECRET&x=1): refused",
            "Error performing PUT http://127.0.0.1:1/b/m%3Fsig%3DSECRET/model.json in 1 ms",
            "Object at location m?X-Amz-Signature=SECRET/model.json not found",
        ] {
            let found = clean(text);
            assert!(!found.contains("SECRET"), "{found}");
        }
        let cause = Cause::of(&std::io::Error::other("error for (http://h/?sig=SECRET)"));
        assert!(!format!("{cause} {cause:?}").contains("SECRET"));
    }
}
