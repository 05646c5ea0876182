//! What is known about one weight file.

use std::sync::{Mutex, PoisonError};

use io_core::{Error, Result};
use io_manifest::{FileIntegrity, describe_foreign};

use crate::{
    error::changed,
    platform::Url,
    response::{Head, Version, shown},
};

/// The beginning of messages about a weight file, `name` as it may be printed.
pub(crate) fn subject(name: &str) -> String {
    format!("weight file `{name}`")
}

/// One weight file of a model that was loaded.
#[derive(Debug)]
pub(crate) struct WeightFile {
    /// The path in the manifest, as it may be printed.
    pub(crate) name: String,
    /// With all its secrets; never printed.
    pub(crate) url: SecretUrl,
    /// Where its bytes begin among all.
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// What the checksum must be, where checksums count.
    pub(crate) integrity: Option<FileIntegrity>,
    /// What the model file says of it, whether or not that counts.
    pub(crate) recorded: Option<FileIntegrity>,
    /// The sum of the model file.
    pub(crate) model: u64,
    /// The version that was seen first.
    version: Mutex<Option<Version>>,
}

/// A URL that is not printed.
#[derive(Clone)]
pub(crate) struct SecretUrl(pub(crate) Url);

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl")
    }
}

impl WeightFile {
    pub(crate) fn new(
        path: &str,
        url: Url,
        (start, length): (u64, u64),
        (recorded, verify): (Option<FileIntegrity>, bool),
        (model, version): (u64, Option<Version>),
    ) -> Self {
        let (name, url) = (shown(path), SecretUrl(url));
        let (integrity, version) = (recorded.filter(|_| verify), Mutex::new(version));
        Self { name, url, start, length, integrity, recorded, model, version }
    }

    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(self.length)
    }

    /// The beginning of messages about it.
    pub(crate) fn subject(&self) -> String {
        subject(&self.name)
    }

    pub(crate) fn corrupt(&self, what: &str) -> Error {
        Error::corrupt(format!("{} {what}", self.subject()))
    }

    pub(crate) fn changed(&self) -> Error {
        changed(&self.subject())
    }

    /// Compares with the version that was seen first.
    ///
    /// # Errors
    ///
    /// `Conflict` when it is another one.
    pub(crate) fn check_version(&self, version: Version) -> Result<()> {
        let mut seen = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref().is_some_and(|seen| seen.differs(&version)) {
            return Err(self.changed());
        }
        seen.get_or_insert(version);
        Ok(())
    }

    /// A body of `found` bytes in place of the file's; `beginning` is how it begins.
    pub(crate) fn wrong_length(&self, found: &str, beginning: &[u8]) -> Error {
        let looks = describe_foreign(beginning)
            .map(|what| format!(", and looks like {what}"))
            .unwrap_or_default();
        self.corrupt(&format!("has {found} instead of {}{looks}", self.length))
    }

    /// Refuses what is surely no weights though it has the right length.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is a page or a pointer.
    pub(crate) fn check_beginning(&self, head: &Head, beginning: &[u8]) -> Result<()> {
        match describe_foreign(beginning) {
            Some(what) if head.is_html() || what == "a Git LFS pointer" => {
                Err(self.corrupt(&format!("is {what} in place of weights")))
            }
            _ => Ok(()),
        }
    }
}
