//! The local cache: copies of what servers sent, each used only when the server, or a checksum in the
//! model file, says that it is what would come.
//!
//! `objects/` has the bytes by their SHA-256, `entries/` what is known of each URL, by the SHA-256 of
//! the URL: secrets in URLs are not stored. Files appear by a rename and are never written to, so that
//! any number of processes may share a directory; `lock` is held alone only to remove. An entry's
//! time of change is when it was used last. Nothing that goes wrong in here fails a load.

mod copy;
mod entry;
mod tee;

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use io_core::{Error, ErrorKind, Result};

pub(crate) use copy::Cached;
use entry::{Entry, hex};
pub(crate) use tee::Tee;

/// What lies in the staging directory for so long was left there by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory of copies; see [`HttpOptions::cache`](crate::HttpOptions::cache).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    directory: PathBuf,
    max_bytes: u64,
}

/// What is kept of one URL.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct CacheEntry {
    /// The URL, without credentials.
    pub url: String,
    /// How many bytes there are.
    pub bytes: u64,
    /// When it was last used.
    pub used: SystemTime,
    path: PathBuf,
    object: String,
}

impl Cache {
    /// How much is kept unless it is said otherwise: 10 GiB.
    pub const DEFAULT_MAX_BYTES: u64 = 10 << 30;

    /// The cache in `directory`, which is made when something is kept.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), max_bytes: Self::DEFAULT_MAX_BYTES }
    }

    /// Sets how many bytes are kept: what was not used for the longest time goes first.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What is kept, the longest unused first. What cannot be read is passed over.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, `Unexpected`: the directory cannot be read. One that is not there is empty.
    pub fn entries(&self) -> Result<Vec<CacheEntry>> {
        let mut entries = Vec::new();
        for path in files(&self.entries_directory()).map_err(failed)? {
            let Ok(Some(entry)) = Entry::read(&path) else { continue };
            let Ok(used) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else {
                continue;
            };
            let (url, bytes, object) = (entry.url, entry.bytes, entry.sha256);
            entries.push(CacheEntry { url, bytes, used, path, object });
        }
        entries.sort_by_key(|entry| entry.used);
        Ok(entries)
    }

    /// Removes what `wanted` says, and bytes that nothing refers to; gives what was removed. Who
    /// reads it at this moment reads on.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, `Unexpected`: the directory cannot be read or changed.
    pub fn remove(&self, mut wanted: impl FnMut(&CacheEntry) -> bool) -> Result<Vec<CacheEntry>> {
        if !self.directory.exists() {
            return Ok(Vec::new());
        }
        let lock = self.lock().map_err(failed)?;
        lock.lock().map_err(failed)?;
        let (gone, kept): (Vec<_>, Vec<_>) =
            self.entries()?.into_iter().partition(|entry| wanted(entry));
        for entry in &gone {
            remove_file(&entry.path).map_err(failed)?;
        }
        let referred: HashSet<&str> = kept.iter().map(|entry| entry.object.as_str()).collect();
        for object in files(&self.objects_directory()).map_err(failed)? {
            let name = object.file_name().and_then(|name| name.to_str());
            if !name.is_some_and(|name| referred.contains(name)) {
                // Where an open file cannot be removed, the next call will do it.
                let _ = fs::remove_file(&object);
            }
        }
        for file in files(&self.staging_directory()).map_err(failed)? {
            let changed = fs::metadata(&file).and_then(|metadata| metadata.modified());
            let age = changed.ok().and_then(|changed| changed.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&file);
            }
        }
        Ok(gone)
    }

    /// Removes what was not used for the longest time until no more than `max_bytes` are left.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove).
    pub fn prune(&self, max_bytes: u64) -> Result<Vec<CacheEntry>> {
        // Bytes that two URLs share count once, for the one that was used last.
        let mut seen = HashSet::new();
        let (mut sum, mut old) = (0_u64, HashSet::new());
        for entry in self.entries()?.into_iter().rev() {
            if seen.insert(entry.object.clone()) {
                sum = sum.saturating_add(entry.bytes);
            }
            if sum > max_bytes {
                old.insert((entry.path, entry.object));
            }
        }
        self.remove(|entry| old.contains(&(entry.path.clone(), entry.object.clone())))
    }

    /// How long all files of bytes are, wanted or left over: quick to say, as nothing is opened.
    fn bytes_on_disk(&self) -> io::Result<u64> {
        let mut sum = 0_u64;
        for directory in [self.objects_directory(), self.staging_directory()] {
            for file in files(&directory)? {
                // Others remove at the same time.
                sum = sum.saturating_add(fs::metadata(file).map_or(0, |meta| meta.len()));
            }
        }
        Ok(sum)
    }

    fn entries_directory(&self) -> PathBuf {
        self.directory.join("entries")
    }

    fn objects_directory(&self) -> PathBuf {
        self.directory.join("objects")
    }

    /// Where files lie until they are renamed: on the same file system.
    fn staging_directory(&self) -> PathBuf {
        self.directory.join("staging")
    }

    fn entry_path(&self, url: &url::Url) -> PathBuf {
        self.entries_directory().join(hex(url.as_str().as_bytes()))
    }

    fn object_path(&self, sha256: &str) -> PathBuf {
        self.objects_directory().join(sha256)
    }

    fn lock(&self) -> io::Result<File> {
        let path = self.directory.join("lock");
        File::options().create(true).truncate(false).write(true).open(path)
    }
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let read = match fs::read_dir(directory) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    read.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::Unexpected,
    };
    Error::new(kind, "the cache cannot be read or changed").with_source(error)
}

/// Runs what waits for the disk where it keeps nobody else waiting; inside
/// [`within`](crate::platform::within) only. `None` when it fails.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()?.ok()
}
