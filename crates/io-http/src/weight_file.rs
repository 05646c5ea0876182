//! What is known about one weight file.

use std::sync::{Mutex, PoisonError};

use io_core::{Error, Result};
use io_manifest::{FileIntegrity, describe_foreign};

use crate::{
    error::changed,
    platform::Url,
    response::{Head, Version, shown},
};

/// The beginning of messages about the weight file at `path`.
pub(crate) fn subject(path: &str) -> String {
    format!("weight file `{}`", shown(path))
}

/// The beginning of messages about the file `name`.
pub(crate) fn file_subject(name: &str) -> String {
    format!("file `{}`", shown(name))
}

/// One weight file of a model that was loaded, or any other file that is read by ranges.
#[derive(Debug)]
pub(crate) struct WeightFile {
    /// The beginning of messages about it.
    subject: String,
    role: Role,
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

/// What a file is to those who read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of several weight files, which have to fit each other.
    Shard,
    /// The only weight file of a model.
    Weights,
    /// A file whose content is not known.
    File,
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
    /// The file at `url`, which the manifest calls `path`.
    pub(crate) fn new(
        (path, role): (&str, Role),
        url: Url,
        (start, length): (u64, u64),
        (recorded, verify): (Option<FileIntegrity>, bool),
        (model, version): (u64, Option<Version>),
    ) -> Self {
        let (integrity, version) = (recorded.filter(|_| verify), Mutex::new(version));
        let subject = match role {
            Role::Shard | Role::Weights => subject(path),
            Role::File => file_subject(path),
        };
        let url = SecretUrl(url);
        Self { subject, role, url, start, length, integrity, recorded, model, version }
    }

    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(self.length)
    }

    /// The beginning of messages about it.
    pub(crate) fn subject(&self) -> String {
        self.subject.clone()
    }

    pub(crate) fn corrupt(&self, what: &str) -> Error {
        Error::corrupt(format!("{} {what}", self.subject))
    }

    pub(crate) fn changed(&self) -> Error {
        changed(&self.subject)
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

    /// Accepts another version of the whole file, if that is all that is read. Returns whether it is.
    pub(crate) fn replace_version(&self, version: &Version) -> bool {
        let fits = self.role != Role::Shard;
        if fits {
            let mut seen = self.version.lock().unwrap_or_else(PoisonError::into_inner);
            *seen = Some(version.clone());
        }
        fits
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
                let expected = if self.role == Role::File { "a file" } else { "weights" };
                Err(self.corrupt(&format!("is {what} in place of {expected}")))
            }
            _ => Ok(()),
        }
    }
}
