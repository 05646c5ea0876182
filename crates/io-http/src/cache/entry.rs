//! What is known of one URL.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use io_manifest::FileIntegrity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::Cache;
use crate::response::Version;

/// Far above any real entry.
const MAX_ENTRY_BYTES: u64 = 64 << 10;

/// What is known of one URL, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Without credentials; for people.
    pub(super) url: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) crc64nvme: u64,
    pub(super) version: Version,
    /// The sum of the model file that it belongs to.
    pub(super) model: u64,
    /// For a model file: the path that its own paths are relative to, if it is not that of the URL.
    pub(super) base: Option<String>,
}

impl Entry {
    /// The entry at `path`; `None` when there is none that can be read.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.len() <= MAX_ENTRY_BYTES => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let entry: Option<Self> = serde_json::from_slice(&fs::read(path)?).ok();
        // It becomes the name of a file.
        let is_sum = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        Ok(entry.filter(|entry| is_sum(&entry.sha256)))
    }

    /// Puts the entry at `path`, in one step.
    pub(super) fn write(&self, cache: &Cache, path: &Path) -> io::Result<()> {
        fs::create_dir_all(cache.entries_directory())?;
        let mut file = NamedTempFile::new_in(cache.staging_directory())?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(path)?;
        Ok(())
    }

    pub(super) fn integrity(&self) -> FileIntegrity {
        FileIntegrity { bytes: self.bytes, crc64nvme: self.crc64nvme }
    }
}

/// The SHA-256 of `bytes` in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    digest_text(Sha256::new_with_prefix(bytes))
}

pub(super) fn digest_text(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
