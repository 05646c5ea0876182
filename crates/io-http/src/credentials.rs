//! Which headers a request has: what was set goes to the model's origin only.

use std::{
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use io_core::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;

use crate::{
    HttpOptions,
    platform::{Origin, Url},
};

/// Headers that belong to some origins.
#[derive(Clone)]
pub(crate) struct Credentials {
    headers: Vec<(String, String)>,
    origins: Vec<Origin>,
}

/// Headers that would break the framing of a request, or its ranges.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Credentials {
    /// Those of `options` and of the user information in `url`, which is removed from it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a header cannot be sent, or a trusted origin is none.
    pub(crate) fn take(url: &mut Url, options: &HttpOptions) -> Result<Self> {
        let mut origins = vec![url.origin()];
        for text in &options.trusted_origins {
            let url = Url::parse(text.trim()).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
            let origin = url.map(|url| url.origin());
            origins.push(origin.filter(Origin::is_tuple).ok_or_else(|| {
                invalid("a trusted origin is not of the form `https://host`".to_owned())
            })?);
        }
        // What comes from a file ends in a newline.
        let trimmed =
            |(name, value): &(String, String)| (name.trim().to_owned(), value.trim().to_owned());
        let mut headers: Vec<(String, String)> = options.headers.iter().map(trimmed).collect();
        for (name, value) in &headers {
            check(name, value)?;
        }
        let authorised =
            |headers: &[(String, String)]| headers.iter().any(|(name, _)| is_authorization(name));
        if let Some(token) = &options.token {
            if authorised(&headers) {
                let message = "both option `token` and a header `Authorization` are set";
                return Err(invalid(message.to_owned()));
            }
            let value = format!("Bearer {}", token.trim());
            check("Authorization", &value)?;
            headers.push(("Authorization".to_owned(), value));
        }
        if let Some(basic) = take_basic(url) {
            // What was set by name counts more than what was in the URL.
            if !authorised(&headers) {
                headers.push(("Authorization".to_owned(), basic));
            }
        }
        Ok(Self { headers, origins })
    }

    /// These and more headers.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when one cannot be sent.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn and(mut self, more: &[(&str, &str)]) -> Result<Self> {
        for (name, value) in more {
            check(name, value)?;
            self.headers.push(((*name).to_owned(), (*value).to_owned()));
        }
        Ok(self)
    }

    /// Tells these credentials from others in this process.
    pub(crate) fn key(&self) -> u64 {
        static KEYS: OnceLock<RandomState> = OnceLock::new();
        KEYS.get_or_init(RandomState::new).hash_one(&self.headers)
    }

    /// Returns a copy without headers, for the same origins.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn forgotten(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// The headers for a request to `url`. After a redirect to another origin even a way back is
    /// not trusted: a stranger chose it.
    pub(crate) fn headers_for(&self, url: &Url, strayed: bool) -> &[(String, String)] {
        let mut origins = self.origins.iter().skip(usize::from(strayed));
        if origins.any(|origin| *origin == url.origin()) { &self.headers } else { &[] }
    }
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization")
}

/// The user information of `url` as the value of `Authorization`; it is removed from the URL.
pub(crate) fn take_basic(url: &mut Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decode_str(url.username()).collect::<Vec<u8>>();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    // An `http` URL with a host can always do without.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

fn check(name: &str, value: &str) -> Result<()> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(invalid("a header has a name that cannot be sent".to_owned()));
    }
    if !value.bytes().all(|byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f)) {
        return Err(invalid(format!("the header `{name}` has a value that cannot be sent")));
    }
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(invalid(format!("the header `{name}` cannot be set: a request has its own")));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Url};
    use crate::HttpOptions;
    use io_core::ErrorKind;

    #[test]
    fn go_to_their_origins_only() {
        let options = HttpOptions::default()
            .with_header("X-Key", "hunter2")
            .with_trusted_origin("https://cdn.example/any/path");
        let mut url = Url::parse("https://us%20er:p%40ss@h/m.json").unwrap();
        let credentials = Credentials::take(&mut url, &options).unwrap();
        assert_eq!(url.as_str(), "https://h/m.json");
        let count =
            |url: &str, strayed| credentials.headers_for(&Url::parse(url).unwrap(), strayed).len();
        for (url, at_once, after_a_redirect) in [
            ("https://h:443/w", 2, 0),
            ("https://cdn.example/w", 2, 2),
            ("http://h/w", 0, 0),
            ("https://h:444/w", 0, 0),
            ("https://a.h/w", 0, 0),
        ] {
            assert_eq!((count(url, false), count(url, true)), (at_once, after_a_redirect), "{url}");
        }
        let headers = credentials.headers_for(&url, false);
        assert_eq!(headers[1].1, "Basic dXMgZXI6cEBzcw==");
    }

    #[test]
    fn values_are_trimmed_as_files_end_in_a_newline() {
        let options = HttpOptions::default()
            .with_header(" X-Key ", " v\r\n")
            .with_token("t\n")
            .with_trusted_origin(" https://cdn.example\n");
        let mut url = Url::parse("http://h/").unwrap();
        let credentials = Credentials::take(&mut url, &options).unwrap();
        let cdn = Url::parse("https://cdn.example/w").unwrap();
        let headers = credentials.headers_for(&cdn, false);
        let sent: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(sent, [("X-Key", "v"), ("Authorization", "Bearer t")]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_its_value() {
        for options in [
            HttpOptions::default().with_header("X", "hunter2\r\nY: z"),
            HttpOptions::default().with_header("X hunter2", "v"),
            HttpOptions::default().with_header("Content-Length", "1"),
            HttpOptions::default().with_token("hunter2\nX: y"),
            HttpOptions::default().with_trusted_origin("ftp://hunter2"),
            HttpOptions::default().with_token("t").with_header("authorization", "hunter2"),
            HttpOptions::default().with_trusted_origin("hunter2"),
        ] {
            let mut url = Url::parse("http://h/").unwrap();
            let error = Credentials::take(&mut url, &options).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        }
    }
}
