//! What can be set for `http://` and `https://`.

use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use io_core::{BoxFuture, HandlerOptions, MaybeSend, MaybeSync, Result};

#[cfg(target_family = "wasm")]
use crate::platform::PageOptions;
use crate::settings;

/// The proxy that requests go through.
#[cfg(not(target_family = "wasm"))]
#[non_exhaustive]
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// None.
    None,
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in upper or lower case.
    /// Loopback addresses and `localhost` are reached directly. Variables do not count where
    /// `REQUEST_METHOD` is set: a CGI program has `HTTP_PROXY` from its client.
    #[default]
    Environment,
    /// The one at this URL, for everything.
    Url(String),
}

/// Gives the URL of a weight file for its path in the manifest; see [`HttpOptions::weight_url`].
#[derive(Clone)]
pub struct WeightUrl(pub(crate) Arc<Convert>);

#[cfg(not(target_family = "wasm"))]
type Convert = dyn Fn(&str) -> BoxFuture<'static, Result<String>> + Send + Sync;
#[cfg(target_family = "wasm")]
type Convert = dyn Fn(&str) -> BoxFuture<'static, Result<String>>;

/// What can be set for `http://` and `https://`, on top of [`HandlerOptions`].
///
/// Durations are settings such as `30s`, `1m 30s` or a number of seconds.
#[non_exhaustive]
#[derive(Clone)]
pub struct HttpOptions {
    /// The method of a save; `POST` by default. Setting `method`.
    pub method: String,
    /// Headers of every request to the origin of the model's URL. Setting `headers`: lines of
    /// `Name: value`.
    pub headers: Vec<(String, String)>,
    /// Sent as `Authorization: Bearer` to the origin of the model's URL. Setting `token`.
    pub token: Option<String>,
    /// Other origins, such as `https://cdn.example`, that may have the headers and the token.
    /// Setting `trusted-origins`, separated by commas.
    pub trusted_origins: Vec<String>,
    /// The longest that a save, a load or one stream of weights may take in all; no limit by
    /// default. Setting `timeout`.
    pub timeout: Option<Duration>,
    /// The longest without any byte from or to the server; 60 seconds by default. Setting
    /// `idle-timeout`.
    pub idle_timeout: Duration,
    /// The longest until there is a connection; 20 seconds by default. Setting `connect-timeout`.
    #[cfg(not(target_family = "wasm"))]
    pub connect_timeout: Duration,
    /// The fewest bytes a second that a server may send or take over [`speed_time`](Self::speed_time)
    /// while it is waited for; 1024 by default, 0 for any speed. Setting `speed-limit`.
    pub speed_limit: u64,
    /// How long a server may be slower than [`speed_limit`](Self::speed_limit); 30 seconds by default.
    /// Setting `speed-time`.
    pub speed_time: Duration,
    /// The most bytes of a model file; 256 MiB by default. Setting `max-json-bytes`.
    pub max_json_bytes: u64,
    /// How often a request is tried again without any progress; 4 by default. Setting `retries`.
    pub retries: u32,
    /// The longest wait before the first retry, doubled for each further one up to 20 seconds; each
    /// wait is a random part of it. 250 milliseconds by default.
    pub retry_delay: Duration,
    /// How many requests run at once, up to 256; 6 by default. Setting `parallel`.
    pub parallel: NonZeroUsize,
    /// The directory of the weight files, relative to the model's URL. Setting
    /// `weight-path-prefix`.
    pub weight_path_prefix: Option<String>,
    /// The URL of each weight file, in place of `weight_path_prefix`. No query is carried to it.
    pub weight_url: Option<WeightUrl>,
    /// Whether the URL is that of a model on TensorFlow Hub, whose file is at
    /// `URL/model.json?tfjs-format=file`. Setting `from-tfhub`: `true` or `false`.
    pub from_tfhub: bool,
    /// The proxy; that of the environment by default. Setting `proxy`: `none`, `environment` or a URL.
    #[cfg(not(target_family = "wasm"))]
    pub proxy: ProxyChoice,
    /// Whether the environment is read, which may name a proxy; true by default. Setting `env`: `true`
    /// or `false`.
    #[cfg(not(target_family = "wasm"))]
    pub env: bool,
    /// Roots that servers may be certified by, beside those that the system trusts: texts in PEM, each
    /// of one certificate or more. Setting `ca-certificates`: the path of such a file.
    #[cfg(not(target_family = "wasm"))]
    pub root_certificates: Vec<Vec<u8>>,
    /// Where copies of what servers sent are kept and used again; none by default. Settings
    /// `cache-dir` and `cache-bytes`.
    #[cfg(all(feature = "cache", not(target_family = "wasm")))]
    pub cache: Option<crate::Cache>,
    /// Whether only the cache is asked, and no server. Setting `offline`: `true` or `false`.
    #[cfg(all(feature = "cache", not(target_family = "wasm")))]
    pub offline: bool,
    #[cfg(target_family = "wasm")]
    pub(crate) page: PageOptions,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            headers: Vec::new(),
            token: None,
            trusted_origins: Vec::new(),
            timeout: None,
            idle_timeout: Duration::from_secs(60),
            #[cfg(not(target_family = "wasm"))]
            connect_timeout: Duration::from_secs(20),
            speed_limit: 1 << 10,
            speed_time: Duration::from_secs(30),
            max_json_bytes: 256 << 20,
            retries: 4,
            retry_delay: Duration::from_millis(250),
            parallel: NonZeroUsize::MIN.saturating_add(5),
            weight_path_prefix: None,
            weight_url: None,
            from_tfhub: false,
            #[cfg(not(target_family = "wasm"))]
            proxy: ProxyChoice::default(),
            #[cfg(not(target_family = "wasm"))]
            env: true,
            #[cfg(not(target_family = "wasm"))]
            root_certificates: Vec::new(),
            #[cfg(all(feature = "cache", not(target_family = "wasm")))]
            cache: None,
            #[cfg(all(feature = "cache", not(target_family = "wasm")))]
            offline: false,
            #[cfg(target_family = "wasm")]
            page: PageOptions::default(),
        }
    }
}

impl HttpOptions {
    /// Reads the settings in `options`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a setting is unknown or has a value that it cannot have. Values that may
    /// be secret are not in the message.
    pub fn from_settings(options: &HandlerOptions) -> Result<Self> {
        settings::read(options)
    }

    /// Sets [`method`](Self::method).
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// Adds one of the [`headers`](Self::headers).
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets [`token`](Self::token).
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Adds one of the [`trusted_origins`](Self::trusted_origins).
    #[must_use]
    pub fn with_trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets [`connect_timeout`](Self::connect_timeout).
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets [`speed_limit`](Self::speed_limit) and [`speed_time`](Self::speed_time).
    #[must_use]
    pub fn with_speed_limit(mut self, bytes_per_second: u64, time: Duration) -> Self {
        (self.speed_limit, self.speed_time) = (bytes_per_second, time);
        self
    }

    /// Sets [`max_json_bytes`](Self::max_json_bytes).
    #[must_use]
    pub fn with_max_json_bytes(mut self, max_json_bytes: u64) -> Self {
        self.max_json_bytes = max_json_bytes;
        self
    }

    /// Sets [`retries`](Self::retries).
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets [`retry_delay`](Self::retry_delay).
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = delay;
        self
    }

    /// Sets [`parallel`](Self::parallel).
    #[must_use]
    pub fn with_parallel(mut self, parallel: NonZeroUsize) -> Self {
        self.parallel = parallel;
        self
    }

    /// Sets [`weight_path_prefix`](Self::weight_path_prefix).
    #[must_use]
    pub fn with_weight_path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.weight_path_prefix = Some(prefix.into());
        self
    }

    /// Sets [`weight_url`](Self::weight_url): called once for each weight file with its path; what
    /// it gives may be relative to the model's URL.
    #[must_use]
    pub fn with_weight_url(
        mut self,
        weight_url: impl Fn(&str) -> String + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        let ready = move |path: &str| -> BoxFuture<'static, Result<String>> {
            Box::pin(std::future::ready(Ok(weight_url(path))))
        };
        self.weight_url = Some(WeightUrl(Arc::new(ready)));
        self
    }

    /// Sets [`weight_url`](Self::weight_url) to what takes its time, such as asking for a signed
    /// URL; several calls run at once, up to [`parallel`](Self::parallel). Its error ends the load.
    #[must_use]
    pub fn with_async_weight_url<F>(
        mut self,
        weight_url: impl Fn(&str) -> F + MaybeSend + MaybeSync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String>> + MaybeSend + 'static,
    {
        let boxed =
            move |path: &str| -> BoxFuture<'static, Result<String>> { Box::pin(weight_url(path)) };
        self.weight_url = Some(WeightUrl(Arc::new(boxed)));
        self
    }

    /// Sets [`from_tfhub`](Self::from_tfhub).
    #[must_use]
    pub fn with_from_tfhub(mut self, from_tfhub: bool) -> Self {
        self.from_tfhub = from_tfhub;
        self
    }

    /// Sets [`proxy`](Self::proxy).
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn with_proxy(mut self, proxy: ProxyChoice) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets [`env`](Self::env).
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn with_env(mut self, env: bool) -> Self {
        self.env = env;
        self
    }
}

#[cfg(not(target_family = "wasm"))]
impl HttpOptions {
    /// Adds to the [`root_certificates`](Self::root_certificates) those in `pem`.
    #[must_use]
    pub fn with_root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }
}

#[cfg(all(feature = "cache", not(target_family = "wasm")))]
impl HttpOptions {
    /// Sets [`cache`](Self::cache).
    #[must_use]
    pub fn with_cache(mut self, cache: crate::Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Sets [`offline`](Self::offline).
    #[must_use]
    pub fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }
}

impl HttpOptions {
    /// The longest of each duration: no sum with the time of day can overflow.
    pub(crate) const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

    /// The most requests at once.
    pub(crate) const MAX_PARALLEL: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

    /// The same options, none of them beyond what it can be.
    pub(crate) fn bounded(mut self) -> Self {
        let bounded = |duration: Duration| duration.min(Self::MAX_DURATION);
        self.timeout = self.timeout.map(bounded);
        self.idle_timeout = bounded(self.idle_timeout);
        self.speed_time = bounded(self.speed_time);
        self.retry_delay = bounded(self.retry_delay);
        #[cfg(not(target_family = "wasm"))]
        {
            self.connect_timeout = bounded(self.connect_timeout);
        }
        self.parallel = self.parallel.min(Self::MAX_PARALLEL);
        self
    }

    pub(crate) fn is_offline(&self) -> bool {
        #[cfg(all(feature = "cache", not(target_family = "wasm")))]
        return self.offline;
        #[cfg(any(not(feature = "cache"), target_family = "wasm"))]
        return false;
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing that could be a secret: no value of a header, no URL but a redacted one.
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpOptions")
            .field("method", &self.method)
            .field("headers", &headers)
            .field("token", &self.token.is_some())
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("retries", &self.retries)
            .field("parallel", &self.parallel)
            .field("from_tfhub", &self.from_tfhub)
            .finish_non_exhaustive()
    }
}

#[cfg(not(target_family = "wasm"))]
impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Environment => "Environment",
            // It may hold a password.
            Self::Url(_) => "Url(..)",
        })
    }
}

impl fmt::Debug for WeightUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeightUrl")
    }
}
