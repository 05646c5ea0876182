//! Conditional requests and ranges (RFC 9110, sections 13 and 14).

use std::{ops::Range, time::SystemTime};

use axum::http::{HeaderMap, header};
use headers::{
    ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince,
    LastModified,
};

/// Which version a response is of.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    pub(crate) etag: Option<ETag>,
    pub(crate) modified: SystemTime,
}

/// What a request with conditions gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 412.
    Failed,
    /// 304.
    NotModified,
    /// 200.
    Whole,
    /// 206, these bytes.
    Part(Range<u64>),
    /// 416.
    Unsatisfiable,
}

/// What a `GET` or `HEAD` with these headers gets of `length` bytes.
pub(crate) fn evaluate(headers: &HeaderMap, validators: &Validators, length: u64) -> Outcome {
    let Validators { etag, modified } = validators;
    let passes = match headers.typed_get::<IfMatch>() {
        Some(tags) => {
            tags.is_any() || etag.as_ref().is_some_and(|own| tags.precondition_passes(own))
        }
        None => headers
            .typed_get::<IfUnmodifiedSince>()
            .is_none_or(|since| since.precondition_passes(*modified)),
    };
    if !passes {
        return Outcome::Failed;
    }
    let modified_since = match headers.typed_get::<IfNoneMatch>() {
        Some(tags) => etag.as_ref().is_none_or(|own| tags.precondition_passes(own)),
        None => {
            headers.typed_get::<IfModifiedSince>().is_none_or(|since| since.is_modified(*modified))
        }
    };
    if !modified_since {
        return Outcome::NotModified;
    }
    match range(headers, length) {
        Some(_) if !is_of_this_version(headers, validators) => Outcome::Whole,
        Some(Ok(range)) => Outcome::Part(range),
        Some(Err(())) => Outcome::Unsatisfiable,
        None => Outcome::Whole,
    }
}

fn is_of_this_version(headers: &HeaderMap, validators: &Validators) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let modified = LastModified::from(validators.modified);
    headers
        .typed_get::<IfRange>()
        .is_some_and(|range| !range.is_modified(validators.etag.as_ref(), Some(&modified)))
}

/// The one range that is asked for; `None` where there is none, where it cannot be read, and where
/// there are several, which may be answered with the whole. Written out, as the parsers at hand
/// refuse a suffix that is longer than the file.
fn range(headers: &HeaderMap, length: u64) -> Option<Result<Range<u64>, ()>> {
    let text = headers.get(header::RANGE)?.to_str().ok()?;
    let (unit, set) = text.split_once('=')?;
    let (first, last) = set.trim().split_once('-')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (first.is_empty(), last.is_empty()) {
        (true, _) => length.saturating_sub(number(last)?)..length,
        (false, true) => number(first)?..length,
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.is_empty() { Err(()) } else { Ok(range) })
}

/// A number of digits alone; one that is too large is larger than any file.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Validators, evaluate};
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use std::time::{Duration, SystemTime};

    const DATE: &str = "Thu, 01 Jan 1970 00:16:40 GMT";
    const EARLIER: &str = "Thu, 01 Jan 1970 00:16:39 GMT";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn conditions_and_ranges_are_those_of_the_rfc() {
        use Outcome::{Failed, NotModified, Part, Unsatisfiable, Whole};
        let validators = Validators {
            etag: Some("\"v1\"".parse().unwrap()),
            modified: SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_400),
        };
        for (lines, expected) in [
            (&[][..], Whole),
            (&[("if-none-match", "\"v1\"")], NotModified),
            (&[("if-none-match", "W/\"v1\"")], NotModified),
            (&[("if-none-match", "\"v0\", \"v1\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"v2\"")], Whole),
            (&[("if-modified-since", DATE)], NotModified),
            (&[("if-modified-since", EARLIER)], Whole),
            (&[("if-none-match", "\"v2\""), ("if-modified-since", DATE)], Whole),
            (&[("if-match", "\"v1\"")], Whole),
            (&[("if-match", "\"v2\"")], Failed),
            (&[("if-match", "*")], Whole),
            (&[("if-unmodified-since", DATE)], Whole),
            (&[("if-unmodified-since", EARLIER)], Failed),
            (&[("range", "bytes=0-0")], Part(0..1)),
            (&[("range", "bytes=2-")], Part(2..10)),
            (&[("range", "bytes=-3")], Part(7..10)),
            (&[("range", "bytes=-30")], Part(0..10)),
            (&[("range", "bytes=5-99")], Part(5..10)),
            (&[("range", "bytes=10-")], Unsatisfiable),
            (&[("range", "bytes=-0")], Unsatisfiable),
            (&[("range", "bytes=0-1,3-4")], Whole),
            (&[("range", "bytes=4-3")], Whole),
            (&[("range", "bytes=-")], Whole),
            (&[("range", "bytes=+1-2")], Whole),
            (&[("range", "bytes=0-18446744073709551615")], Part(0..10)),
            (&[("range", "items=0-1")], Whole),
            (&[("range", "bytes=99999999999999999999-")], Unsatisfiable),
            (&[("range", "bytes=0-1"), ("if-range", "\"v1\"")], Part(0..2)),
            (&[("range", "bytes=0-1"), ("if-range", "\"v0\"")], Whole),
            (&[("range", "bytes=0-1"), ("if-range", "W/\"v1\"")], Whole),
            (&[("range", "bytes=0-1"), ("if-range", "junk")], Whole),
            (&[("range", "bytes=0-1"), ("if-range", DATE)], Part(0..2)),
            (&[("range", "bytes=0-1"), ("if-range", EARLIER)], Whole),
            (&[("range", "bytes=0-1"), ("if-none-match", "\"v1\"")], NotModified),
        ] {
            assert_eq!(evaluate(&headers(lines), &validators, 10), expected, "{lines:?}");
        }
        assert_eq!(evaluate(&headers(&[("range", "bytes=0-")]), &validators, 0), Unsatisfiable);
    }
}
