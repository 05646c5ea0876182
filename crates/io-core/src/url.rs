//! The name of a model: `scheme://rest`.

use std::{fmt, str::FromStr};

use crate::{Error, ErrorKind, Result};

/// The URL of a model or of a place for models.
///
/// The scheme is compared without regard to case; everything after `://` belongs to the handler and
/// is kept as it was given: nothing is decoded, normalised or cut, as in TensorFlow.js, where
/// `localstorage://a b/c` names the model `a b/c`.
///
/// `Display` and `Debug` leave out credentials: user information before an `@`, and the values of
/// query or fragment parameters whose names look like secrets or signatures.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelUrl {
    text: String,
    scheme_len: usize,
}

impl ModelUrl {
    /// Reads `text` as a URL.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when `text` does not start with a scheme (a letter, then letters, digits, `+`,
    /// `-` or `.`) and `://`.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let error =
                Error::new(ErrorKind::InvalidUrl, format!("`{}` has no scheme", redact(text)));
            // What stands before a colon may be a user name, and what follows a password.
            let collapsed = collapsed_url(text).filter(|_| user_information(text, false) == 0);
            return Err(match collapsed {
                Some(collapsed) => error.with_hint(format!("did you mean `{}`?", collapsed.meant)),
                None => error.with_hint("a model's URL looks like `file:///path/to/model`"),
            });
        };
        if !is_scheme(scheme) {
            // What stands there may be anything, a password included.
            let message = "what stands before `://` is not a scheme";
            return Err(Error::new(ErrorKind::InvalidUrl, message));
        }
        let scheme = scheme.to_ascii_lowercase();
        Ok(Self { scheme_len: scheme.len(), text: format!("{scheme}://{rest}") })
    }

    /// A URL from its two parts.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when `scheme` is not a scheme.
    pub fn new(scheme: &str, rest: &str) -> Result<Self> {
        Self::parse(&format!("{scheme}://{rest}"))
    }

    /// The scheme in lower case, without `://`.
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme_len).unwrap_or_default()
    }

    /// Everything after `://`, as it was given.
    pub fn rest(&self) -> &str {
        self.text.get(self.scheme_len + 3..).unwrap_or_default()
    }

    /// The whole text **with credentials**: for opening, never for printing.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ModelUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for ModelUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.text))
    }
}

impl fmt::Debug for ModelUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelUrl({self})")
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Text such as `s3:/bucket/m`: a URL that a path joiner (`path.join`, `pathlib`, `normpath`) has
/// collapsed to one slash, or that was typed without any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollapsedUrl {
    /// What stands before the colon, in lower case. It need not be a scheme that has a handler.
    pub scheme: String,
    /// The URL that was probably meant, without credentials.
    pub meant: String,
}

/// Recognizes a scheme of at least two characters that is followed by `:` but not by `://`. One
/// letter is the drive of a Windows path.
///
/// ```
/// use io_core::collapsed_url;
///
/// assert_eq!(collapsed_url("S3:/bucket/m").unwrap().meant, "s3://bucket/m");
/// assert_eq!(collapsed_url("file:/tmp/m").unwrap().meant, "file:///tmp/m");
/// for other in ["s3://bucket/m", "./s3:/bucket", "C:/m", "models/a:b", "m"] {
///     assert_eq!(collapsed_url(other), None);
/// }
/// ```
pub fn collapsed_url(text: &str) -> Option<CollapsedUrl> {
    let (scheme, rest) = split_collapsed(text)?;
    let scheme = scheme.to_ascii_lowercase();
    // A path keeps the slash that makes it absolute.
    let rest = if scheme == "file" { rest } else { rest.trim_start_matches(['/', '\\']) };
    let meant = redact(&format!("{scheme}://{rest}"));
    Some(CollapsedUrl { scheme, meant })
}

fn split_collapsed(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    (scheme.len() > 1 && is_scheme(scheme) && !rest.starts_with("//")).then_some((scheme, rest))
}

/// Schemes after which a path or a name follows, and no host.
const HOSTLESS: &[&str] =
    &["downloads", "file", "files", "indexeddb", "localstorage", "memory", "opfs"];

/// What parameters stand between.
const SEPARATORS: [char; 4] = ['?', '#', '&', ';'];

/// What stands in place of a secret.
const HIDDEN: &str = "REDACTED";

/// Parts of parameter names that make their values secret: signed URLs of the clouds, tokens, keys.
const SECRET_WORDS: &[&str] = &[
    "sig", "token", "secret", "key", "pass", "pw", "cred", "auth", "session", "jwt", "code",
    "policy",
];

/// Whether the model `name` lies at or below `root`, by whole segments; everything does below none.
///
/// ```
/// use io_core::is_inside;
///
/// assert!(is_inside("a", "a/b") && is_inside("a/", "a") && is_inside("", "ab"));
/// assert!(!is_inside("a", "ab"));
/// ```
pub fn is_inside(root: &str, name: &str) -> bool {
    let root = root.trim_end_matches('/');
    root.is_empty()
        || name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `text` as it may be printed: without user information before an `@` and without the values of
/// parameters that look like secrets. What [`ModelUrl`] does to its own text.
pub fn redact(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            format!("{scheme}://{}", redact_rest(rest, has_hosts(scheme)))
        }
        _ => match split_collapsed(text) {
            // A URL with one slash may hold what a URL with two does.
            Some((scheme, rest)) if user_information(text, false) == 0 => {
                let path = rest.trim_start_matches(['/', '\\']);
                let slashes = rest.get(..rest.len() - path.len()).unwrap_or_default();
                format!("{scheme}:{slashes}{}", redact_rest(path, has_hosts(scheme)))
            }
            // `user:password@host` is no scheme and a path.
            _ => redact_rest(text, false),
        },
    }
}

fn has_hosts(scheme: &str) -> bool {
    !HOSTLESS.contains(&scheme.to_ascii_lowercase().as_str())
}

fn redact_rest(rest: &str, has_hosts: bool) -> String {
    let user = user_information(rest, has_hosts);
    let mut shown = if user > 0 { HIDDEN.to_owned() } else { String::new() };
    for piece in rest.get(user..).unwrap_or_default().split_inclusive(SEPARATORS) {
        match piece.split_once('=') {
            Some((name, value)) if is_secret(name) => {
                let end = value.find(SEPARATORS).unwrap_or(value.len());
                shown.push_str(name);
                shown.push('=');
                shown.push_str(HIDDEN);
                shown.push_str(value.get(end..).unwrap_or_default());
            }
            Some((name, value)) if value.contains("://") => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(&redact(value));
            }
            _ => shown.push_str(piece),
        }
    }
    shown
}

/// How many bytes of user information are at the start, without the `@`.
fn user_information(rest: &str, has_hosts: bool) -> usize {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let at = match (authority.rfind('@'), authority.split_once(':')) {
        // Whatever it is called, a name alone is a name where there are no hosts.
        (Some(at), None) => has_hosts.then_some(at),
        (Some(at), Some(_)) => Some(at),
        // A password may have any of these characters in it, though in a URL it must not.
        (None, Some((user, password))) if !user.starts_with('[') => {
            let is_port = password.bytes().all(|byte| byte.is_ascii_digit());
            rest.rfind('@').filter(|_| !is_port)
        }
        (None, _) => None,
    };
    at.unwrap_or(0)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A percent-encoded name could hide any of the words.
    name.contains('%') || SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::ModelUrl;
    use crate::ErrorKind;

    #[test]
    fn keeps_everything_after_the_scheme() {
        for text in ["file:///a/b", "localstorage://a b/c?d#e", "memory://", "s3://b/k://x"] {
            let url = ModelUrl::parse(text).unwrap();
            assert_eq!(url.as_str(), text);
            assert_eq!(format!("{}://{}", url.scheme(), url.rest()), text);
        }
        assert_eq!(ModelUrl::parse("FILE:///A").unwrap().as_str(), "file:///A");
    }

    #[test]
    fn refuses_text_without_a_scheme() {
        for text in ["", "model", "/a/b", "://x", "1a://x", "a b://x", "C:\\m"] {
            assert_eq!(ModelUrl::parse(text).unwrap_err().kind(), ErrorKind::InvalidUrl, "{text}");
        }
    }

    #[test]
    fn never_prints_a_secret() {
        for (text, shown) in [
            ("http://u:SECRET@h/m", "http://REDACTED@h/m"),
            ("http://u:SE@CRET@h/m", "http://REDACTED@h/m"),
            ("http://h/a@b", "http://h/a@b"),
            ("file:///home/a@b", "file:///home/a@b"),
            ("http://h/m?a=1&sig=SECRET&b=2", "http://h/m?a=1&sig=REDACTED&b=2"),
            ("http://h/m?X-Amz-Credential=SECRET", "http://h/m?X-Amz-Credential=REDACTED"),
            ("http://h/m#access_token=SECRET", "http://h/m#access_token=REDACTED"),
            ("http://h/m?%73ig=SECRET", "http://h/m?%73ig=REDACTED"),
            ("http://h/m?sig=SEC=RET&x", "http://h/m?sig=REDACTED&x"),
            // Keys of the clouds are base64.
            ("s3://AKIA:SEC/RET@bucket/m", "s3://REDACTED@bucket/m"),
            ("http://me:SEC?RET#SECRET@h/m", "http://REDACTED@h/m"),
            ("http://h:80/a@b", "http://h:80/a@b"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
            ("http://h/m;token=SECRET?pw=SECRET", "http://h/m;token=REDACTED?pw=REDACTED"),
            ("http://h/m?a=http://u:SECRET@x/&b=1", "http://h/m?a=http://REDACTED@x/&b=1"),
            // A name with an `@` is one where there are no hosts.
            ("file://models@v2/net", "file://models@v2/net"),
            ("memory://me@example.com/m", "memory://me@example.com/m"),
            ("file://u:SECRET@h/m", "file://REDACTED@h/m"),
            ("https://SECRET@h/m", "https://REDACTED@h/m"),
        ] {
            let url = ModelUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("SECRET"));
            assert!(!format!("{url:?}").contains("RET@"));
        }
        for text in [
            "u:SECRET@h/m",
            "user:SECRET@h/m",
            "u:SECRET@h://m",
            "https:/u:SECRET@h/m",
            "https:/SECRET@h/m",
            "HTTPS:u:SECRET@h/m?sig=SECRET",
            "s3:/AKIA:SEC/RET@bucket/m?token=SECRET",
        ] {
            let error = ModelUrl::parse(text).unwrap_err();
            let shown = format!("{error} {:?} {}", error.hint(), super::redact(text));
            assert!(!shown.contains("SECRET") && !shown.contains("RET@"), "{shown}");
        }
    }

    #[test]
    fn a_collapsed_url_is_refused_with_the_url_that_was_meant() {
        for (text, meant) in [
            ("s3:/bucket/m", "s3://bucket/m"),
            ("S3:/bucket/m", "s3://bucket/m"),
            ("s3:bucket/m", "s3://bucket/m"),
            ("s3:\\bucket\\m", "s3://bucket\\m"),
            ("https:/h/m/model.json", "https://h/m/model.json"),
            ("file:/tmp/m", "file:///tmp/m"),
        ] {
            let error = ModelUrl::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidUrl);
            assert_eq!(error.hint().unwrap(), format!("did you mean `{meant}`?"));
        }
    }
}
