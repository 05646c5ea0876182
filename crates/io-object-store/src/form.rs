//! The forms that values of settings can have, checked where settings are read.
//!
//! The clients put a setting into an address or a header of their first request and panic if it does
//! not fit there. Here it is an error that names the setting, before there is a client.

use io_core::{Error, ErrorKind, Result, printable_name, redact};
use object_store::HeaderValue;
use url::Url;

/// What a value has to look like.
#[cfg_attr(
    not(all(feature = "aws", feature = "azure", feature = "gcp")),
    allow(dead_code, reason = "each cloud has settings of other forms")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text on one line.
    Text,
    /// The value of a header: printable ASCII.
    Header,
    /// A key or token: printable ASCII without spaces.
    Token,
    /// A part of a host name, such as a region or an account.
    Host,
    /// An address to which paths are added.
    Base,
    /// An address, with a query if need be.
    Address,
    /// A host, with a port if need be.
    Authority,
    /// A path on a known host.
    UrlPath,
    /// The path of a file.
    File,
    /// A JSON object.
    Json,
    /// `true` or `false`, and what else the clients take for it.
    Flag,
    /// A flag, or `requester`.
    Payer,
    /// A way to copy where nothing is, which may name a header.
    CopyRule,
    /// A time such as `30s`.
    Duration,
    /// A whole number up to a limit.
    Count(u64),
}

/// Long enough for any token; short enough for a header, also three times over in an address.
const MAX_TEXT_BYTES: usize = 16 << 10;
/// What `service_account_key` may have.
const MAX_JSON_BYTES: usize = 1 << 20;
const MAX_ADDRESS_BYTES: usize = 2 << 10;
/// Far below what a clock can add to now.
const MAX_DURATION: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

impl Form {
    /// Returns `value` without white space around it and as the client takes it. `subject` says what
    /// has this value, such as "option `region`".
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the value cannot be used. Values that may be secret are not repeated.
    pub(crate) fn check(self, subject: &str, value: &str) -> Result<String> {
        let value = value.trim();
        let wrong = |what: &str| Error::new(ErrorKind::InvalidInput, format!("{subject} {what}"));
        if value.is_empty() {
            return Err(wrong("is empty").with_hint("leave it out to use the default"));
        }
        let limit = if self == Self::Json { MAX_JSON_BYTES } else { MAX_TEXT_BYTES };
        if value.len() > limit {
            return Err(wrong("is too long").with_hint(format!("at most {limit} bytes")));
        }
        if self != Self::Json && value.contains(char::is_control) {
            return Err(wrong("has a line break or another control character in it"));
        }
        if value.contains('\u{fffd}') {
            return Err(wrong("is not Unicode text"));
        }
        let shown = || printable_name(&redact(value)).to_string();
        let expected = |what: &str| wrong(&format!("is `{}`, expected {what}", shown()));
        match self {
            Self::Text | Self::File => Ok(value.to_owned()),
            Self::Header if is_header(value) => Ok(value.to_owned()),
            Self::Header => Err(wrong("has a character that is not ASCII")),
            Self::Token if is_header(value) && !value.contains(' ') => Ok(value.to_owned()),
            Self::Token => Err(wrong("has a space, or a character that is not ASCII")),
            Self::Host if is_host(value) => Ok(value.to_owned()),
            Self::Host => Err(expected("letters, digits, `.`, `-` and `_`")),
            Self::Base => address(subject, value, false),
            Self::Address => address(subject, value, true),
            Self::Authority => {
                let address = address(subject, &format!("http://{value}"), false)?;
                match address == format!("http://{value}") {
                    true => Ok(value.to_owned()),
                    false => Err(expected("a host")),
                }
            }
            Self::UrlPath if value.starts_with('/') => {
                address(subject, &format!("http://localhost{value}"), true)?;
                Ok(value.to_owned())
            }
            Self::UrlPath => Err(expected("a path that begins with `/`")),
            Self::Json => match serde_json::from_str::<serde_json::Map<_, _>>(value) {
                Ok(_) => Ok(value.to_owned()),
                Err(_) => Err(wrong("is not a JSON object")),
            },
            Self::Flag => flag(value).ok_or_else(|| expected("`true` or `false`")),
            Self::Payer if value.eq_ignore_ascii_case("requester") => Ok("true".to_owned()),
            Self::Payer => flag(value).ok_or_else(|| expected("`true` or `false`")),
            Self::CopyRule if is_copy_rule(value) => Ok(value.to_owned()),
            Self::CopyRule => Err(expected("`multipart` or `header: NAME: VALUE`")),
            Self::Duration => match humantime::parse_duration(value) {
                Ok(time) if !time.is_zero() && time <= MAX_DURATION => Ok(value.to_owned()),
                _ => Err(expected("a time such as `30s` or `5m`, up to a week")),
            },
            Self::Count(most) => match value.parse::<u64>() {
                Ok(number) if number <= most => Ok(number.to_string()),
                _ => Err(expected(&format!("a number from 0 to {most}"))),
            },
        }
    }
}

/// Returns whether `text` can be sent in a header.
pub(crate) fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && HeaderValue::from_str(text).is_ok()
}

fn is_host(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_label = |label: &str| is_end(label.chars().next()) && is_end(label.chars().last());
    text.len() < 254
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && text.split('.').all(|label| label.len() < 64 && is_label(label))
}

fn flag(text: &str) -> Option<String> {
    let is = |known: [&str; 5]| known.iter().any(|word| text.eq_ignore_ascii_case(word));
    let value = match text {
        _ if is(["true", "1", "on", "yes", "y"]) => "true",
        _ if is(["false", "0", "off", "no", "n"]) => "false",
        _ => return None,
    };
    Some(value.to_owned())
}

/// `multipart`, `header: NAME: VALUE` or `header-with-status: NAME: VALUE: STATUS`.
fn is_copy_rule(text: &str) -> bool {
    let mut parts = text.split(':').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let mut is_pair = || {
        let name = parts.next().is_some_and(|name| name.parse::<http::HeaderName>().is_ok());
        name && parts.next().is_some_and(is_header)
    };
    match kind {
        "multipart" => text == "multipart",
        "header" => is_pair() && parts.next().is_none(),
        "header-with-status" => {
            let status = |text: &str| text.parse::<u16>().is_ok_and(|it| (100..600).contains(&it));
            is_pair() && parts.next().is_some_and(status) && parts.next().is_none()
        }
        _ => false,
    }
}

/// Returns an address as its requests have it, without a slash at its end.
///
/// # Errors
///
/// `InvalidInput` when no request can be sent there.
pub(crate) fn address(subject: &str, text: &str, with_query: bool) -> Result<String> {
    // Of an address that is none, nobody knows which part is secret.
    let wrong = |what: &str| Error::new(ErrorKind::InvalidInput, format!("{subject} {what}"));
    let hint = || {
        let is_host = text.split(['/', ':']).next().is_some_and(is_host) && !text.contains("://");
        let shown = printable_name(&redact(text)).to_string();
        match is_host && !text.contains('@') {
            true => format!("write the scheme too: `https://{shown}` or `http://{shown}`"),
            false => "an address is written like `https://host:9000`".to_owned(),
        }
    };
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(wrong("is too long for an address"));
    }
    let not_an_address = || wrong("is not the address of a server").with_hint(hint());
    let url = Url::parse(text).map_err(|_| not_an_address())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(not_an_address());
    }
    if url.fragment().is_some() || (!with_query && url.query().is_some()) {
        return Err(wrong("has a query or a fragment, to which no path can be added"));
    }
    let address = url.as_str().trim_end_matches('/');
    // What the one takes, the other may not.
    if address.parse::<http::Uri>().is_err() {
        return Err(not_an_address());
    }
    Ok(address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn values_are_trimmed_and_normalized() {
        for (form, value, checked) in [
            (Form::Token, " key\r\n", "key"),
            (Form::Base, "http://127.0.0.1:9000/\n", "http://127.0.0.1:9000"),
            (Form::Base, "HTTPS://Exämple.de/a", "https://xn--exmple-cua.de/a"),
            (Form::Address, "http://h/c?x=1", "http://h/c?x=1"),
            (Form::Flag, "YES", "true"),
            (Form::Payer, "requester", "true"),
            (Form::Duration, "5 minutes", "5 minutes"),
            (Form::CopyRule, "header: x-if-none-match: *", "header: x-if-none-match: *"),
            (Form::Text, "Größe", "Größe"),
        ] {
            assert_eq!(form.check("it", value).unwrap(), checked);
        }
    }

    #[test]
    fn values_that_no_request_can_have_are_refused() {
        for (form, values) in [
            (Form::Text, &["", " ", "a\nb", "a\0b"][..]),
            (Form::Token, &["a b", "ä", "a\tb"]),
            (Form::Host, &["a b", "a/b", "..", "-a", "a.", "ü", "a?b"]),
            (
                Form::Base,
                &[
                    "127.0.0.1:9000",
                    "minio.local:9000",
                    "not a url",
                    "http://",
                    "ftp://h",
                    "http://a b/",
                    "http://h/?x",
                    "http://h/#x",
                    "http://h:99999",
                ],
            ),
            (Form::UrlPath, &["x", "http://h/"]),
            (Form::Json, &["x", "[]", "1"]),
            (Form::Flag, &["maybe"]),
            (Form::CopyRule, &["header", "header: a b: c", "header: a", "multipart: x"]),
            (Form::Duration, &["30", "0s", "-1s", "99999 years", "1e9s"]),
            (Form::Count(5), &["-1", "6", "99999999999999999999"]),
        ] {
            for value in values {
                assert!(form.check("it", value).is_err(), "{form:?} {value:?}");
            }
        }
        assert!(Form::Text.check("it", &"x".repeat(1 << 20)).is_err());
    }

    #[test]
    fn an_address_without_a_scheme_is_hinted_at() {
        let error = Form::Base.check("option `endpoint`", "minio.local:9000").unwrap_err();
        assert!(error.hint().unwrap().contains("`http://minio.local:9000`"), "{error:?}");
        let secret = Form::Base.check("option `endpoint`", "user:hunter2@host").unwrap_err();
        assert!(!format!("{secret:?}").contains("hunter2"), "{secret:?}");
    }
}
