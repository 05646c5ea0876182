//! The settings that only programs have, by name.

use io_core::{Error, ErrorKind, Result, SettingsReader};

use crate::{HttpOptions, ProxyChoice, settings::duration};

/// Their names, in alphabetical order.
pub(crate) const NAMES: &[&str] = &[
    #[cfg(feature = "cache")]
    "cache-bytes",
    #[cfg(feature = "cache")]
    "cache-dir",
    "connect-timeout",
    #[cfg(feature = "cache")]
    "offline",
    "proxy",
    "root-certificates",
];

/// Reads them into `http`.
///
/// # Errors
///
/// `InvalidInput` when one has a value that it cannot have, or names a file that cannot be read.
pub(crate) fn read(settings: SettingsReader<'_>, http: &mut HttpOptions) -> Result<()> {
    http.connect_timeout = duration(settings, "connect-timeout")?.unwrap_or(http.connect_timeout);
    http.proxy = match settings.text("proxy") {
        None | Some("none") => ProxyChoice::None,
        Some("environment") => ProxyChoice::Environment,
        Some(url) => ProxyChoice::Url(url.to_owned()),
    };
    if let Some(path) = settings.text("root-certificates") {
        let pem = std::fs::read(path).map_err(|error| {
            let message = format!("option `root-certificates`: the file `{path}` cannot be read");
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
    http.cache = settings.text("cache-dir").map(crate::Cache::new);
    http.offline = settings.bool("offline")?.unwrap_or(false);
    let bytes = settings.text("cache-bytes").map(str::parse);
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
