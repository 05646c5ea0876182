//! The settings that only programs have, by name.

use io_core::{Error, ErrorKind, Result, SettingsReader};

use crate::{HttpOptions, ProxyChoice, settings::duration};

/// Their names, in alphabetical order.
pub(crate) const NAMES: &[&str] = &["connect-timeout", "proxy", "root-certificates"];

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
    Ok(())
}
