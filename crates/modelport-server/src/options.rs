//! How a server is set up.

use std::time::Duration;

use axum::http::HeaderValue;
use io_core::{Error, ErrorKind, HandlerOptions, Result};

use crate::{FilePattern, Tokens};

/// Who may use a server, from where, and how much of it.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Who may change models, and read them; anybody where there are none.
    pub write_tokens: Option<Tokens>,
    /// Who else may read models; anybody where there are none.
    pub read_tokens: Option<Tokens>,
    /// Whether a server that needs no token for changes can be asked for by any name. By default
    /// those are addresses, `localhost` and the hosts of `cors_origins`: a page may point a name of
    /// its own to this machine.
    pub any_host: bool,
    /// The path that the server is below, as `/ml`; at the root of the host without. `/health` is
    /// answered at both.
    pub base_path: Option<String>,
    /// The origins whose pages may use the server, as `https://app.example`; none by default.
    pub cors_origins: Vec<HeaderValue>,
    /// The files beside models that are served and accepted, such as labels; none by default.
    pub extra_files: Vec<FilePattern>,
    /// What a request may cost.
    pub limits: Limits,
    /// How the handlers of the store are opened.
    pub handler: HandlerOptions,
}

/// What a request may cost.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest body of a request, in bytes: 16 GiB.
    pub body_bytes: u64,
    /// The longest model file, in bytes: 32 MiB. It is in memory while its model is saved.
    pub model_json_bytes: u64,
    /// The most parts of an upload: 10 000.
    pub parts: usize,
    /// The most uploads at one time: 64. Further ones are answered with 503. A client with all other
    /// places cannot take the last quarter.
    pub uploads: usize,
    /// How long a sender may be silent: 30 s.
    pub idle: Duration,
    /// The least bytes a second that a sender must reach on average, after twice the idle time: 8 KiB.
    pub min_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 30,
            model_json_bytes: 32 << 20,
            parts: 10_000,
            uploads: 64,
            idle: Duration::from_secs(30),
            min_bytes_per_second: 8 << 10,
        }
    }
}

impl ServerOptions {
    /// The defaults: anybody may do anything who asks for an address or `localhost`, but no page of
    /// another origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`write_tokens`](Self::write_tokens).
    #[must_use]
    pub fn with_write_tokens(mut self, tokens: Tokens) -> Self {
        self.write_tokens = Some(tokens);
        self
    }

    /// Sets [`read_tokens`](Self::read_tokens).
    #[must_use]
    pub fn with_read_tokens(mut self, tokens: Tokens) -> Self {
        self.read_tokens = Some(tokens);
        self
    }

    /// Sets [`any_host`](Self::any_host), for a server that anybody may use who can reach it.
    #[must_use]
    pub fn with_any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Adds an origin whose pages may use the server, as browsers write it: `https://app.example`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is not an origin.
    pub fn with_cors_origin(mut self, origin: &str) -> Result<Self> {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |host: &&str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte))
        };
        match host.filter(plain).and_then(|_| HeaderValue::from_str(origin).ok()) {
            Some(origin) => {
                self.cors_origins.push(origin);
                Ok(self)
            }
            None => {
                let message = format!("`{}` is not an origin", origin.escape_debug());
                Err(Error::new(ErrorKind::InvalidInput, message)
                    .with_hint("an origin is a scheme and a host: https://app.example"))
            }
        }
    }

    /// Sets [`base_path`](Self::base_path). A slash at the end is left out, `/` is the root.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is not a path of plain segments that begins with a slash.
    pub fn with_base_path(mut self, path: &str) -> Result<Self> {
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        let plain = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        self.base_path = match trimmed.strip_prefix('/') {
            Some(segments) if segments.split('/').all(plain) => Some(trimmed.to_owned()),
            None if trimmed.is_empty() && path == "/" => None,
            _ => {
                let message = format!("`{}` is not a base path", path.escape_debug());
                return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(
                    "a base path begins with a slash and has plain segments: /ml/models",
                ));
            }
        };
        Ok(self)
    }

    /// Adds the files of a pattern to [`extra_files`](Self::extra_files).
    ///
    /// # Errors
    ///
    /// Those of [`FilePattern::parse`].
    pub fn with_extra_files(mut self, pattern: &str) -> Result<Self> {
        self.extra_files.push(FilePattern::parse(pattern)?);
        Ok(self)
    }

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`handler`](Self::handler).
    #[must_use]
    pub fn with_handler(mut self, handler: HandlerOptions) -> Self {
        self.handler = handler;
        self
    }
}

impl Limits {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::ServerOptions;

    #[test]
    fn a_base_path_has_plain_segments() {
        for (path, found) in [
            ("/ml", Some(Some("/ml"))),
            ("/ml/models/", Some(Some("/ml/models"))),
            ("/", Some(None)),
            ("", None),
            ("ml", None),
            ("//", None),
            ("/a//b", None),
            ("/..", None),
            ("/{name}", None),
            ("/a b", None),
            ("/a%2f", None),
        ] {
            let options = ServerOptions::new().with_base_path(path);
            let base = options.as_ref().ok().map(|options| options.base_path.as_deref());
            assert_eq!(base, found, "{path}");
        }
    }

    #[test]
    fn an_origin_has_no_path_and_is_no_wildcard() {
        for (origin, ok) in [
            ("https://app.example", true),
            ("http://localhost:8080", true),
            ("http://[::1]:80", true),
            ("*", false),
            ("null", false),
            ("https://", false),
            ("https://a/", false),
            ("https://a b", false),
            ("ftp://a", false),
        ] {
            assert_eq!(ServerOptions::new().with_cors_origin(origin).is_ok(), ok, "{origin}");
        }
    }
}
