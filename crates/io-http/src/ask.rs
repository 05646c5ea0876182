//! What a request asks for beyond the whole of a file.

/// What a request asks for; by default the whole of what is there, or of what a cache has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ask<'a> {
    /// The first and the last byte to send; without a last one, all from the first on.
    pub(crate) range: Option<(u64, Option<u64>)>,
    /// The version that the range must be of; else all is sent.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "see `ASKS_IF_RANGE`"))]
    pub(crate) if_range: Option<&'a str>,
    /// Whether caches have to ask the server.
    pub(crate) fresh: bool,
    /// The version that need not be sent again, or `*` for any.
    pub(crate) if_none_match: Option<&'a str>,
    /// The date of the version that need not be sent again.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "browsers ask by themselves"))]
    pub(crate) if_modified_since: Option<&'a str>,
    /// Whether the answer comes only when the server has done what may take long.
    pub(crate) patient: bool,
    /// The most bytes of a response that is read as a whole; by default those of a model file.
    pub(crate) limit: Option<u64>,
    /// Whether it is a weight file, which a page's own `fetch` is told.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "for pages alone"))]
    pub(crate) weights: bool,
}

impl Ask<'_> {
    /// The whole of a weight file.
    pub(crate) const WEIGHTS: Self = Self {
        range: None,
        if_range: None,
        fresh: false,
        if_none_match: None,
        if_modified_since: None,
        patient: false,
        limit: None,
        weights: true,
    };

    /// The range as the value of its header.
    pub(crate) fn range(&self) -> Option<String> {
        let (first, last) = self.range?;
        Some(format!("bytes={first}-{}", last.map(|last| last.to_string()).unwrap_or_default()))
    }

    /// As headers.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(range) = self.range() {
            headers.push(("range", range));
        }
        if let Some(version) = self.if_range {
            headers.push(("if-range", version.to_owned()));
        }
        if self.fresh {
            headers.push(("cache-control", "no-cache".to_owned()));
        }
        if let Some(version) = self.if_none_match {
            headers.push(("if-none-match", version.to_owned()));
        }
        if let Some(date) = self.if_modified_since {
            headers.push(("if-modified-since", date.to_owned()));
        }
        headers
    }
}
