//! What the command line sets of the handlers.

use modelport::{Error, ErrorKind, HandlerOptions, ModelUrl, Result, TransferOptions, WriteMode};

use crate::args::{Convert, Global, Transfer};

impl Global {
    /// The options of the handlers of these URLs, in their order.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: one of them is none.
    /// - `InvalidInput`: there are headers, and it is not plain which server they are for.
    pub(crate) fn handler_options<const N: usize>(
        &self,
        urls: [&str; N],
    ) -> Result<[HandlerOptions; N]> {
        let parsed = urls.map(modelport::url).into_iter().collect::<Result<Vec<_>>>()?;
        let mut each = parsed.iter().map(|url| self.settings(url, &parsed));
        let options: [HandlerOptions; N] = urls.map(|_| each.next().unwrap_or_default());
        if self.headers.is_empty() {
            return Ok(options);
        }
        let headers = self.headers()?;
        let servers: Vec<Option<String>> = parsed.iter().map(server).collect();
        let mut named = servers.iter().flatten();
        let Some(first) = named.next() else {
            return Err(invalid("`--header` is for a URL on the web, and there is none"));
        };
        // What one server is to know is often a secret.
        if named.any(|other| other != first) {
            let error = invalid("`--header` would go to two servers");
            return Err(error.with_hint(
                "`--from-option headers='NAME: VALUE'` and `--to-option` tell one from the other",
            ));
        }
        let mut each = servers.into_iter();
        Ok(options.map(|options| match each.next().flatten() {
            None => options,
            Some(_) => {
                let before = options.settings.get("headers").map(String::as_str);
                let lines = before.into_iter().chain([headers.as_str()]);
                let lines = lines.collect::<Vec<_>>().join("\n");
                options.with_setting("headers", lines)
            }
        }))
    }

    /// The options of the handler of `url`, one of `all`: an `--option` that only handlers of the
    /// others know is left out.
    fn settings(&self, url: &ModelUrl, all: &[ModelUrl]) -> HandlerOptions {
        let options = HandlerOptions::new().with_verify(!self.no_verify);
        let is_for_others = |name: &str, value: &str| {
            let others = || all.iter().filter(|other| other.scheme() != url.scheme());
            others().next().is_some()
                && !knows(url, name, value)
                && others().any(|other| knows(other, name, value))
        };
        let own = self.options.iter().filter(|(name, value)| !is_for_others(name, value));
        own.fold(options, |options, (name, value)| options.with_setting(name, value))
    }

    /// One line each. No error shows one: it may be a secret.
    fn headers(&self) -> Result<String> {
        for header in &self.headers {
            let name = header.split_once(':').map(|(name, _)| name.trim());
            if name.is_none_or(str::is_empty) || header.contains(['\n', '\r']) {
                return Err(invalid("a `--header` is not of the form `NAME: VALUE`"));
            }
        }
        Ok(self.headers.join("\n"))
    }
}

impl Transfer {
    /// The options of both sides.
    ///
    /// # Errors
    ///
    /// Those of [`Global::handler_options`].
    pub(crate) fn options(&self, global: &Global) -> Result<TransferOptions> {
        let [source, destination] = global.handler_options([&self.source, &self.destination])?;
        let source = with_settings(source, &self.from_options);
        let mut destination = with_settings(destination, &self.to_options);
        if let Some(method) = &self.method {
            destination = destination.with_setting("method", method);
        }
        destination.shard_bytes = self.shard_bytes;
        if self.no_clobber {
            destination.write_mode = WriteMode::Create;
        }
        Ok(TransferOptions::new().with_source(source).with_destination(destination))
    }
}

impl Convert {
    /// The options of both sides.
    ///
    /// # Errors
    ///
    /// Those of [`Global::handler_options`].
    pub(crate) fn options(&self, global: &Global) -> Result<[HandlerOptions; 2]> {
        let [source, destination] = global.handler_options([&self.source, &self.destination])?;
        let source = with_settings(source, &self.from_options);
        let mut destination = with_settings(destination, &self.to_options);
        destination.shard_bytes = self.shard_bytes;
        if self.no_clobber {
            destination.write_mode = WriteMode::Create;
        }
        Ok([source, destination])
    }
}

/// Whether the handler of `url` has an option of this name, whatever it says of the value.
fn knows(url: &ModelUrl, name: &str, value: &str) -> bool {
    let only = HandlerOptions::new().with_setting(name, value);
    modelport::handler_with(url, &only).map_or_else(|error| !error.is_unknown_option(), |_| true)
}

fn with_settings(options: HandlerOptions, settings: &[(String, String)]) -> HandlerOptions {
    settings.iter().fold(options, |options, (key, value)| options.with_setting(key, value))
}

/// Scheme, host and port of a URL on the web.
fn server(url: &ModelUrl) -> Option<String> {
    let is_web = matches!(url.scheme(), "http" | "https");
    let host = url.rest().split(['/', '?', '#']).next().unwrap_or_default();
    // Whoever the URL logs in as, it is the same server.
    let host = host.rsplit('@').next().unwrap_or_default();
    is_web.then(|| format!("{}://{}", url.scheme(), host.to_ascii_lowercase()))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
