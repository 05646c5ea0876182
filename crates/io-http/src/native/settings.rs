//! The settings that only programs have, by name.

use io_core::{Result, SettingsReader};

use crate::{HttpOptions, ProxyChoice, settings::duration};

/// Their names, in alphabetical order.
pub(crate) const NAMES: &[&str] = &["connect-timeout", "proxy"];

/// Reads them into `http`.
///
/// # Errors
///
/// `InvalidInput` when one has a value that it cannot have.
pub(crate) fn read(settings: SettingsReader<'_>, http: &mut HttpOptions) -> Result<()> {
    http.connect_timeout = duration(settings, "connect-timeout")?.unwrap_or(http.connect_timeout);
    http.proxy = match settings.text("proxy") {
        None | Some("none") => ProxyChoice::None,
        Some("environment") => ProxyChoice::Environment,
        Some(url) => ProxyChoice::Url(url.to_owned()),
    };
    Ok(())
}
