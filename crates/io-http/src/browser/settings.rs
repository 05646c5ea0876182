//! The settings of a page's requests by name.

use io_core::{Error, ErrorKind, Result, SettingsReader};

use crate::{HttpOptions, settings::text};

/// Their names, in alphabetical order.
pub(crate) const NAMES: &[&str] = &["cache", "credentials", "mode", "redirect", "referrer-policy"];

/// The members of `RequestInit` that they set, and what may be in them: what a model could not be
/// read with is not there.
const MEMBERS: &[(&str, &str, &[&str])] = &[
    ("cache", "cache", &["default", "no-store", "reload", "no-cache", "force-cache"]),
    ("credentials", "credentials", &["omit", "same-origin", "include"]),
    ("mode", "mode", &["cors", "same-origin"]),
    ("redirect", "redirect", &["follow", "error"]),
    (
        "referrer-policy",
        "referrerPolicy",
        &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
    ),
];

/// Reads them into `http`.
///
/// # Errors
///
/// `InvalidInput` when one has a value that it cannot have.
pub(crate) fn read(settings: SettingsReader<'_>, http: &mut HttpOptions) -> Result<()> {
    for (name, member, values) in MEMBERS {
        let Some(value) = text(settings, name) else { continue };
        if !values.contains(&value) {
            let expected = values.join("`, `");
            let message = format!("option `{name}` is `{value}`, expected one of `{expected}`");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        http.page.set(member, value);
    }
    Ok(())
}
