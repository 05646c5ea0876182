//! How a handler is opened.

use std::{collections::BTreeMap, fmt, num::NonZeroU64};

use crate::{Error, ErrorKind, ProgressCallback, Result};

/// What to do where a model already is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// Replace it, whole: readers see the old model until they see the new one.
    #[default]
    Replace,
    /// Refuse with [`ErrorKind::AlreadyExists`]; of two such savers exactly one succeeds.
    Create,
}

/// How a handler is opened: what every handler understands, and settings of its own.
#[non_exhaustive]
#[derive(Clone)]
pub struct HandlerOptions {
    /// Told of bytes done and in all; nobody by default.
    pub progress: Option<ProgressCallback>,
    /// Whether checksums are verified on load where the model has them; true by default. Lengths
    /// are always checked.
    pub verify: bool,
    /// What a save does where a model already is.
    pub write_mode: WriteMode,
    /// The largest weight file that a save writes, in bytes; one file of any size by default.
    /// Handlers that do not store files ignore it.
    pub shard_bytes: Option<NonZeroU64>,
    /// Settings of one handler, by name, as a command line or a URL gives them. A name that the
    /// handler does not know is an error.
    pub settings: BTreeMap<String, String>,
}

impl fmt::Debug for HandlerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerOptions")
            .field("progress", &self.progress)
            .field("verify", &self.verify)
            .field("write_mode", &self.write_mode)
            .field("shard_bytes", &self.shard_bytes)
            // Their names only: a value may be a token.
            .field("settings", &self.settings.keys())
            .finish()
    }
}

impl Default for HandlerOptions {
    fn default() -> Self {
        Self {
            progress: None,
            verify: true,
            write_mode: WriteMode::default(),
            shard_bytes: None,
            settings: BTreeMap::new(),
        }
    }
}

impl HandlerOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`progress`](Self::progress).
    #[must_use]
    pub fn with_progress(mut self, progress: ProgressCallback) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Sets [`verify`](Self::verify).
    #[must_use]
    pub fn with_verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Sets [`write_mode`](Self::write_mode).
    #[must_use]
    pub fn with_write_mode(mut self, write_mode: WriteMode) -> Self {
        self.write_mode = write_mode;
        self
    }

    /// Sets [`shard_bytes`](Self::shard_bytes).
    #[must_use]
    pub fn with_shard_bytes(mut self, shard_bytes: NonZeroU64) -> Self {
        self.shard_bytes = Some(shard_bytes);
        self
    }

    /// Adds one of the handler's own [`settings`](Self::settings).
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Reads the settings of a handler that knows the names in `known`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is a setting of another name; the hint has the nearest known one.
    pub fn read_settings(&self, known: &[&str]) -> Result<SettingsReader<'_>> {
        match self.settings.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(SettingsReader { settings: &self.settings }),
            Some(name) => {
                let error = Error::unknown_option(name);
                Err(match crate::registry::nearest(name, known.iter().copied()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None if known.is_empty() => error.with_hint("this handler has no options"),
                    None => error.with_hint(format!("known options: {}", known.join(", "))),
                })
            }
        }
    }
}

/// The settings of one handler, all of whose names it knows.
#[derive(Clone, Copy, Debug)]
pub struct SettingsReader<'a> {
    settings: &'a BTreeMap<String, String>,
}

impl<'a> SettingsReader<'a> {
    /// The text of a setting.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A setting that is `true` or `false`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is anything else.
    pub fn bool(&self, name: &str) -> Result<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("option `{name}` is `{other}`, expected `true` or `false`"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HandlerOptions;

    #[test]
    fn a_setting_is_never_printed() {
        let options = HandlerOptions::new().with_setting("token", "SECRET");
        let text = format!("{options:?}");
        assert!(text.contains("token") && !text.contains("SECRET"), "{text}");
    }
}
