//! URLs, as the browser itself reads them: tables of characters that it has need not be downloaded.

use std::fmt;

use wasm_bindgen::JsValue;

/// A URL, with as much of the interface of `url::Url` as this crate needs.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    whole: String,
    scheme: String,
    username: String,
    password: String,
    host: String,
    path: String,
    query: String,
    origin: Origin,
}

/// What the rules of browsers go by: scheme, host and port.
#[derive(Clone, Debug)]
pub(crate) struct Origin(String);

/// What the browser does not take for a URL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParseError;

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        Self::read(web_sys::Url::new(text))
    }

    pub(crate) fn join(&self, reference: &str) -> Result<Self, ParseError> {
        Self::read(web_sys::Url::new_with_base(reference, &self.whole))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.whole
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn password(&self) -> Option<&str> {
        some(&self.password)
    }

    /// An address of version 6 is in brackets.
    pub(crate) fn host_str(&self) -> Option<&str> {
        some(&self.host)
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn query(&self) -> Option<&str> {
        some(&self.query)
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin.clone()
    }

    pub(crate) fn set_username(&mut self, username: &str) -> Result<(), ()> {
        self.change(|url| url.set_username(username))
    }

    pub(crate) fn set_password(&mut self, password: Option<&str>) -> Result<(), ()> {
        self.change(|url| url.set_password(password.unwrap_or_default()))
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        let _ = self.change(|url| url.set_pathname(path));
    }

    pub(crate) fn set_query(&mut self, query: Option<&str>) {
        let _ = self.change(|url| url.set_search(query.unwrap_or_default()));
    }

    pub(crate) fn set_fragment(&mut self, fragment: Option<&str>) {
        let _ = self.change(|url| url.set_hash(fragment.unwrap_or_default()));
    }

    fn change(&mut self, set: impl FnOnce(&web_sys::Url)) -> Result<(), ()> {
        let url = web_sys::Url::new(&self.whole).map_err(drop)?;
        set(&url);
        *self = Self::of(&url);
        Ok(())
    }

    fn read(url: Result<web_sys::Url, JsValue>) -> Result<Self, ParseError> {
        url.map(|url| Self::of(&url)).map_err(|_| ParseError)
    }

    fn of(url: &web_sys::Url) -> Self {
        Self {
            whole: url.href(),
            scheme: url.protocol().trim_end_matches(':').to_owned(),
            username: url.username(),
            password: url.password(),
            host: url.hostname(),
            path: url.pathname(),
            query: url.search().strip_prefix('?').unwrap_or_default().to_owned(),
            origin: Origin(url.origin()),
        }
    }
}

impl Origin {
    /// Whether it is one that others may have too.
    pub(crate) fn is_tuple(&self) -> bool {
        self.0 != "null"
    }

    pub(crate) fn ascii_serialization(&self) -> String {
        self.0.clone()
    }
}

/// One that nobody else has is not even equal to itself: it came from a URL that has none.
impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.is_tuple() && self.0 == other.0
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.whole == other.whole
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the browser does not take it for a URL")
    }
}

impl std::error::Error for ParseError {}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
