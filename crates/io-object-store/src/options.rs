//! What can be set for every object store.

use io_core::{Error, ErrorKind, HandlerOptions, Result, SettingsReader};

/// What a save does when somebody else saved the same model since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// It replaces that model: the last one wins, whole.
    #[default]
    Replace,
    /// It fails with `Conflict` and changes nothing.
    Fail,
}

/// What can be set for every object store, on top of [`HandlerOptions`].
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ObjectStoreOptions {
    /// What a save does when somebody else saved the same model since it began. Setting
    /// `on_conflict`: `replace` or `fail`.
    pub on_conflict: OnConflict,
    /// How many bytes are sent in one request. Grown where an object would have more than 10,000
    /// parts. Setting `part_bytes`, at least 5 MiB, which is what S3 asks for.
    pub part_bytes: u64,
    /// How many requests of one save or load run at a time; as many parts are in memory. Setting `concurrency`, at least 1.
    pub concurrency: usize,
}

/// The settings of [`ObjectStoreOptions`].
pub(crate) const SETTINGS: [&str; 3] = ["on_conflict", "part_bytes", "concurrency"];

const MIN_PART_BYTES: u64 = 5 << 20;
const MAX_CONCURRENCY: u64 = 256;

impl Default for ObjectStoreOptions {
    fn default() -> Self {
        Self { on_conflict: OnConflict::default(), part_bytes: 8 << 20, concurrency: 4 }
    }
}

impl ObjectStoreOptions {
    /// Reads the settings in `options`, which may have no others.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a setting is unknown or has a value that it cannot have.
    pub fn from_settings(options: &HandlerOptions) -> Result<Self> {
        let options = canonical(options, &SETTINGS)?;
        Self::read(&options.read_settings(&SETTINGS)?)
    }

    pub(crate) fn read(settings: &SettingsReader<'_>) -> Result<Self> {
        let on_conflict = match settings.text("on_conflict") {
            None | Some("replace") => OnConflict::Replace,
            Some("fail") => OnConflict::Fail,
            Some(other) => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("option `on_conflict` is `{other}`, expected `replace` or `fail`"),
                ));
            }
        };
        let mut read = Self::default().with_on_conflict(on_conflict);
        if let Some(bytes) = number(settings, "part_bytes", MIN_PART_BYTES, 5 << 30)? {
            read.part_bytes = bytes;
        }
        if let Some(requests) = number(settings, "concurrency", 1, MAX_CONCURRENCY)? {
            read.concurrency = usize::try_from(requests).unwrap_or(1);
        }
        Ok(read)
    }

    /// Sets [`on_conflict`](Self::on_conflict).
    #[must_use]
    pub fn with_on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// Sets [`part_bytes`](Self::part_bytes), at least 1.
    #[must_use]
    pub fn with_part_bytes(mut self, part_bytes: u64) -> Self {
        self.part_bytes = part_bytes.max(1);
        self
    }

    /// Sets [`concurrency`](Self::concurrency), at least 1.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

/// Other names of settings: those that `http://` has, and older ones.
const ALIASES: [(&str, &str); 2] =
    [("proxy_url", "proxy"), ("root_certificates", "ca_certificates")];

/// Returns `options` with the names of settings as in `known`, where words are separated by `_`, and
/// with values without white space around them.
///
/// # Errors
///
/// `InvalidInput` when one setting is there by two names.
pub(crate) fn canonical(options: &HandlerOptions, known: &[&str]) -> Result<HandlerOptions> {
    let mut settings = std::collections::BTreeMap::new();
    for (given, value) in &options.settings {
        let name = given.replace('-', "_");
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, name)| *name);
        let name = alias.unwrap_or(&name);
        // Of an unknown one, the error has the name that was given.
        let name = if known.contains(&name) { name } else { given.as_str() };
        if settings.insert(name.to_owned(), value.trim().to_owned()).is_some() {
            let message = format!("option `{name}` is set by two names");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
    }
    let mut options = options.clone();
    options.settings = settings;
    Ok(options)
}

fn number(settings: &SettingsReader<'_>, name: &str, least: u64, most: u64) -> Result<Option<u64>> {
    let Some(text) = settings.text(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("option `{name}` is `{text}`, expected a number from {least} to {most}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use io_core::HandlerOptions;

    #[test]
    fn names_may_have_hyphens_and_old_ones_stay() {
        let known = ["max_retries", "proxy", "ca_certificates"];
        let options = HandlerOptions::new()
            .with_setting("max-retries", " 3\n")
            .with_setting("proxy_url", "none")
            .with_setting("root-certificates", "f")
            .with_setting("no-such", "x");
        let options = canonical(&options, &known).unwrap();
        let names: Vec<&str> = options.settings.keys().map(String::as_str).collect();
        assert_eq!(names, ["ca_certificates", "max_retries", "no-such", "proxy"]);
        assert_eq!(options.settings.get("max_retries").unwrap(), "3");
        let twice = options.with_setting("max-retries", "4");
        assert!(canonical(&twice, &known).is_err());
    }
}
