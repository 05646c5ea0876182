//! The settings that only programs have, by name.

use io_core::{Error, ErrorKind, Result, SettingsReader};

use super::proxy;
use crate::{
    HttpOptions, ProxyChoice,
    settings::{duration, flag, text},
};

/// Their names, in alphabetical order.
pub(crate) const NAMES: &[&str] = &[
    "ca-certificates",
    #[cfg(feature = "cache")]
    "cache-bytes",
    #[cfg(feature = "cache")]
    "cache-dir",
    "connect-timeout",
    "env",
    #[cfg(feature = "cache")]
    "offline",
    "proxy",
];

/// Reads them into `http`.
///
/// # Errors
///
/// `InvalidInput` when one has a value that it cannot have, or names a file that cannot be read.
pub(crate) fn read(settings: SettingsReader<'_>, http: &mut HttpOptions) -> Result<()> {
    http.connect_timeout = duration(settings, "connect-timeout")?.unwrap_or(http.connect_timeout);
    http.env = flag(settings, "env")?.unwrap_or(http.env);
    http.proxy = match text(settings, "proxy") {
        None => ProxyChoice::Environment,
        Some("none") => ProxyChoice::None,
        Some("environment") if !http.env => {
            let message = "option `proxy` is `environment`, which option `env=false` leaves out";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Some("environment") => ProxyChoice::Environment,
        Some(url) => {
            proxy::check(url)?;
            ProxyChoice::Url(url.to_owned())
        }
    };
    if let Some(path) = text(settings, "ca-certificates") {
        let pem = std::fs::read(path).map_err(|error| {
            let message = format!("option `ca-certificates`: the file `{path}` cannot be read");
            Error::new(ErrorKind::InvalidInput, message).with_source(error)
        })?;
        http.root_certificates.push(pem);
    }
    #[cfg(feature = "cache")]
    read_cache(settings, http)?;
    Ok(())
}

#[cfg(feature = "cache")]
fn read_cache(settings: SettingsReader<'_>, http: &mut HttpOptions) -> Result<()> {
    let invalid = |message: &str| Err(Error::new(ErrorKind::InvalidInput, message));
    http.cache = text(settings, "cache-dir").filter(|path| !path.is_empty()).map(crate::Cache::new);
    http.offline = flag(settings, "offline")?.unwrap_or(false);
    let bytes = text(settings, "cache-bytes").map(str::parse);
    match (bytes, http.cache.take()) {
        (Some(Err(_)), _) => return invalid("option `cache-bytes` is not a number"),
        (Some(Ok(bytes)), Some(cache)) => http.cache = Some(cache.with_max_bytes(bytes)),
        (None, cache) => http.cache = cache,
        (Some(Ok(_)), None) => {
            return invalid("option `cache-bytes` is of use with `cache-dir` only");
        }
    }
    if http.offline && http.cache.is_none() {
        return invalid("option `offline` is of use with `cache-dir` only");
    }
    Ok(())
}
