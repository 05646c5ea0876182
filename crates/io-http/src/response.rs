//! What an answer says: its status, its version, which bytes it has.

use std::time::Duration;

use io_core::{Error, ErrorKind, printable_name, redact};
use serde::{Deserialize, Serialize};

use crate::retry::{Failure, retry_after};

/// The head of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether the body is decoded on its way: lengths and ranges are those of other bytes then.
    pub(crate) coded: bool,
}

/// How much of a file a response has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// A range, of which `Content-Range` tells more.
    Part,
    /// Nothing: the status is no success, or one without a body.
    Nothing,
}

/// What tells one version of a file from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
    /// Whether `modified` was old enough when it was given that no later change can share it.
    settled: bool,
}

impl Head {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim())
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// All values of a header, as one list.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn list(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(own, _)| own == name);
        values.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Returns how much of the file the response has; `asked_range` is whether a range of it was
    /// requested. Servers and caches that work by ranges answer a request for all with `206`.
    pub(crate) fn extent(&self, asked_range: bool) -> Extent {
        match (self.status, self.content_range()) {
            (200 | 203, _) => Extent::Whole,
            (206, Some((0, last, Some(total)))) if last.checked_add(1) == Some(total) => {
                Extent::Whole
            }
            (206, Some((0, _, None))) if !asked_range => Extent::Whole,
            (206, None) if !asked_range && self.get("content-range").is_none() => Extent::Whole,
            (206, _) => Extent::Part,
            _ => Extent::Nothing,
        }
    }

    /// The length of the body, unless it is that of a coded one.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.get("content-length").filter(|_| !self.coded)?.parse().ok()
    }

    /// The length of the file that a range is of, as `416` has it, too.
    pub(crate) fn total_length(&self) -> Option<u64> {
        let range = self.get("content-range").filter(|_| !self.coded)?;
        range.strip_prefix("bytes ")?.split_once('/')?.1.trim().parse().ok()
    }

    /// `(first, last, total)` of `Content-Range: bytes 0-9/10`; the total may be unknown.
    pub(crate) fn content_range(&self) -> Option<(u64, u64, Option<u64>)> {
        let (range, total) = self.get("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.trim().split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?, total.trim().parse().ok()))
    }

    /// Whether the server lets us keep it.
    pub(crate) fn may_be_kept(&self) -> bool {
        let control = self.get("cache-control").unwrap_or_default().to_ascii_lowercase();
        !control.split(',').any(|word| word.trim() == "no-store")
    }

    pub(crate) fn is_html(&self) -> bool {
        self.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }

    pub(crate) fn is_json(&self) -> bool {
        self.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    pub(crate) fn is_xml(&self) -> bool {
        self.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"))
    }

    pub(crate) fn version(&self) -> Version {
        let date = |name| self.get(name).and_then(|text| httpdate::parse_http_date(text).ok());
        let settled = match (date("date"), date("last-modified")) {
            (Some(now), Some(modified)) => {
                now.duration_since(modified).is_ok_and(|age| age >= Duration::from_secs(1))
            }
            _ => false,
        };
        Version {
            etag: self.get("etag").map(str::to_owned),
            modified: self.get("last-modified").map(str::to_owned),
            settled,
        }
    }

    /// What a status that is not a success means, and the `body` that came with it where that is a
    /// modelport server's or an object store's. `subject` begins the message: `the server`.
    pub(crate) fn failure(&self, subject: &str, body: &[u8]) -> Failure {
        let status = self.status;
        let said = serde_json::from_slice(body).ok().map(|Said { error }| error);
        let kind = match status {
            _ if said.as_ref().is_some_and(|said| said.kind == "Corrupt") => ErrorKind::Corrupt,
            _ if said.as_ref().is_some_and(|said| said.kind == "InvalidInput") => {
                ErrorKind::InvalidInput
            }
            404 | 410 => ErrorKind::NotFound,
            401 | 403 | 407 => ErrorKind::PermissionDenied,
            405 | 501 => ErrorKind::Unsupported,
            408 | 504 => ErrorKind::Timeout,
            409 | 412 => ErrorKind::Conflict,
            413 | 507 => ErrorKind::QuotaExceeded { needed: None, available: None },
            429 | 500.. => ErrorKind::Network,
            _ => ErrorKind::Unexpected,
        };
        let passing = !matches!(kind, ErrorKind::Corrupt | ErrorKind::InvalidInput);
        let retry = passing && matches!(status, 408 | 429 | 500 | 502 | 503 | 504);
        let meaning = reason(status).map(|reason| format!(" ({reason})")).unwrap_or_default();
        let said = match said {
            Some(said) => format!(": {}", shown(&said.message)),
            None if self.is_xml() => store_problem(body).unwrap_or_default(),
            None => String::new(),
        };
        let message = format!("{subject} answered with status {status}{meaning}{said}");
        let error = Error::new(kind, message).with_retryable(retry || kind == ErrorKind::Conflict);
        let after = retry.then(|| self.get("retry-after").and_then(retry_after)).flatten();
        Failure { error, retry, after, status: Some(status) }
    }
}

/// What an object store says of a request that failed: the code and the message of its XML, such as
/// ": AccessDenied (Request has expired)".
fn store_problem(body: &[u8]) -> Option<String> {
    const MAX_CHARS: usize = 200;
    let text = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.trim().chars().take(MAX_CHARS).collect::<String>())
    };
    let code = element("Code").filter(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    Some(match element("Message").filter(|message| !message.is_empty()) {
        Some(message) => format!(": {code} ({})", shown(&message)),
        None => format!(": {code}"),
    })
}

/// What a server of ours says of a request that failed.
#[derive(Deserialize)]
struct Said {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    kind: String,
    message: String,
}

impl Version {
    /// What `If-Range` may hold: a strong `ETag`, or a date that no later change can share.
    pub(crate) fn for_if_range(&self) -> Option<&str> {
        match &self.etag {
            Some(etag) if etag.starts_with('"') => Some(etag),
            Some(_) => None,
            None => self.modified.as_deref().filter(|_| self.settled),
        }
    }

    /// As what asks for it again only if it is another one: a header of [`Ask`](crate::ask::Ask).
    pub(crate) fn as_condition(&self) -> (Option<&str>, Option<&str>) {
        match &self.etag {
            Some(etag) => (Some(etag), None),
            None => (None, self.modified.as_deref().filter(|_| self.settled)),
        }
    }

    /// Whether `other` is surely another version of the same file. Servers behind one name may
    /// have `ETag`s of their own for the same file: the same date then counts more.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let weak = |version: &Self| {
            version.etag.as_deref().map(|etag| etag.trim_start_matches("W/").to_owned())
        };
        match (weak(self), weak(other)) {
            (Some(own), Some(others)) if own == others => false,
            (own, others) => match (&self.modified, &other.modified) {
                (Some(own), Some(others)) => own != others,
                _ => own.is_some() && others.is_some(),
            },
        }
    }
}

/// What a stranger wrote as it may be printed: the path of a weight file may have a signature in its
/// query.
pub(crate) fn shown(text: &str) -> String {
    redact(&printable_name(text))
}

fn reason(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "bad request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not found",
        405 => "method not allowed",
        407 => "the proxy wants credentials",
        408 => "request timeout",
        409 => "conflict",
        410 => "gone",
        411 => "length required",
        412 => "precondition failed",
        413 => "content too large",
        415 => "unsupported media type",
        416 => "range not satisfiable",
        429 => "too many requests",
        500 => "internal server error",
        501 => "not implemented",
        502 => "bad gateway",
        503 => "service unavailable",
        504 => "gateway timeout",
        507 => "insufficient storage",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Extent, Head};

    fn head(headers: &[(&str, &str)]) -> Head {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Head { status: 200, headers, coded: false }
    }

    #[test]
    fn a_response_is_whole_whatever_success_it_says() {
        use Extent::{Nothing, Part, Whole};
        for (status, range, requested, not_requested) in [
            (200, None, Whole, Whole),
            (203, None, Whole, Whole),
            (206, Some("bytes 0-9/10"), Whole, Whole),
            (206, Some("bytes 0-9/*"), Part, Whole),
            (206, None, Part, Whole),
            (206, Some("bytes 0-8/10"), Part, Part),
            (206, Some("bytes 1-9/10"), Part, Part),
            (206, Some("lines 0-9/10"), Part, Part),
            (206, Some("bytes 0-18446744073709551615/0"), Part, Part),
            (204, None, Nothing, Nothing),
            (304, None, Nothing, Nothing),
            (416, Some("bytes */10"), Nothing, Nothing),
        ] {
            let head =
                head(&range.map(|range| ("content-range", range)).into_iter().collect::<Vec<_>>());
            let head = Head { status, ..head };
            assert_eq!(
                (head.extent(true), head.extent(false)),
                (requested, not_requested),
                "{head:?}"
            );
        }
    }

    #[test]
    fn only_strong_validators_go_into_if_range() {
        let (old, new) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT");
        for (headers, expected) in [
            (vec![("etag", "\"a\""), ("last-modified", old)], Some("\"a\"")),
            (vec![("etag", "W/\"a\""), ("last-modified", old), ("date", new)], None),
            (vec![("last-modified", old), ("date", new)], Some(old)),
            (vec![("last-modified", old), ("date", old)], None),
            (vec![("last-modified", old)], None),
            (vec![], None),
        ] {
            assert_eq!(head(&headers).version().for_if_range(), expected, "{headers:?}");
        }
    }

    #[test]
    fn versions_differ_when_they_surely_do() {
        let version = |etag: &'static str, modified: &'static str| {
            let pairs = [("etag", etag), ("last-modified", modified)];
            let given: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            head(&given).version()
        };
        for (a, b, differs) in [
            (("\"a\"", ""), ("\"a\"", ""), false),
            (("\"a\"", ""), ("W/\"a\"", ""), false),
            (("\"a\"", ""), ("\"b\"", ""), true),
            (("\"a\"", "1"), ("\"b\"", "1"), false),
            (("\"a\"", "1"), ("\"b\"", "2"), true),
            (("", "1"), ("", "2"), true),
            (("", ""), ("\"a\"", ""), false),
            (("", ""), ("", ""), false),
        ] {
            assert_eq!(version(a.0, a.1).differs(&version(b.0, b.1)), differs, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_store_tells_why_it_refuses() {
        let head = Head { status: 403, ..head(&[("content-type", "application/xml")]) };
        for (body, expected) in [
            (
                "<?xml version='1.0'?><Error><Code>AccessDenied</Code>\
                 <Message>Request has expired</Message></Error>",
                ": AccessDenied (Request has expired)",
            ),
            ("<Error><Code>SignatureDoesNotMatch</Code></Error>", ": SignatureDoesNotMatch"),
            ("<Error><Code>a b</Code></Error>", ""),
            ("<Error><Code>A</Code><Message>\u{1b}[2J</Message></Error>", ": A (\\u{1b}[2J)"),
            ("<Error><Code>", ""),
            ("", ""),
        ] {
            let error = head.failure("the server", body.as_bytes()).error.to_string();
            assert_eq!(error, format!("the server answered with status 403 (forbidden){expected}"));
        }
    }

    #[test]
    fn ranges_are_read() {
        for (text, expected) in [
            ("bytes 0-9/10", Some((0, 9, Some(10)))),
            ("bytes 5-9/*", Some((5, 9, None))),
            ("bytes */10", None),
            ("items 0-9/10", None),
            ("bytes -9/10", None),
        ] {
            assert_eq!(head(&[("content-range", text)]).content_range(), expected);
        }
    }
}
