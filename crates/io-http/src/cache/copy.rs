//! A copy in the cache, and its bytes.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
    time::SystemTime,
};

use io_manifest::{Checksum, FileIntegrity};
use url::Url;

use super::{Cache, entry::Entry, on_disk, remove_file};
use crate::{
    platform::{Reply, Transport},
    response::{Head, Version},
};

/// A copy of what was at a URL.
#[derive(Debug)]
pub(crate) struct Cached {
    cache: Cache,
    path: PathBuf,
    entry: Entry,
}

impl Cached {
    /// The copy of what was at `url`, where there is one and all its bytes are there.
    pub(crate) async fn find(transport: &Transport, url: &Url) -> Option<Self> {
        let cache = transport.options.cache.clone()?;
        let path = cache.entry_path(url);
        on_disk(move || {
            let Some(entry) = Entry::read(&path)? else { return Ok(None) };
            let whole = fs::metadata(cache.object_path(&entry.sha256))?.len() == entry.bytes;
            Ok(whole.then_some(Self { cache, path, entry }))
        })
        .await?
    }

    /// The version that it is of.
    pub(crate) fn version(&self) -> &Version {
        &self.entry.version
    }

    /// Length and checksum.
    pub(crate) fn integrity(&self) -> FileIntegrity {
        self.entry.integrity()
    }

    /// The sum of the model file that it was last used with.
    pub(crate) fn model(&self) -> u64 {
        self.entry.model
    }

    /// Of a model file: the path that its paths are relative to, if it is not that of the URL.
    pub(crate) fn base(&self) -> Option<&str> {
        self.entry.base.as_deref()
    }

    /// All bytes, if they are still what they were.
    pub(crate) async fn text(&self) -> Option<Vec<u8>> {
        let path = self.cache.object_path(&self.entry.sha256);
        let integrity = self.integrity();
        let text = on_disk(move || {
            let mut text = Vec::new();
            // Not one byte more than were kept: the file may be anybody's.
            File::open(path)?.take(integrity.bytes.saturating_add(1)).read_to_end(&mut text)?;
            Ok(text)
        });
        let text = text.await?;
        let mut checksum = Checksum::new();
        checksum.update(&text);
        (checksum.integrity() == integrity).then_some(text)
    }

    /// The bytes from `from` on, as a server would send them.
    pub(crate) async fn reply(&self, url: &Url, from: u64) -> Option<Reply> {
        let path = self.cache.object_path(&self.entry.sha256);
        let file = on_disk(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            Ok(file)
        });
        let version = self.version();
        let length = self.entry.bytes.saturating_sub(from).to_string();
        let headers = [
            ("content-length", Some(length)),
            ("etag", version.etag.clone()),
            ("last-modified", version.modified.clone()),
        ];
        let headers =
            headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let head = Head { status: 200, headers: headers.collect(), coded: false };
        Some(Reply::from_file(head, url, file.await?))
    }

    /// It is used now, with the model file of the sum `model`.
    pub(crate) async fn used(&self, model: u64) {
        let (cache, path, mut entry) = (self.cache.clone(), self.path.clone(), self.entry.clone());
        on_disk(move || {
            if entry.model == model {
                return File::options().write(true).open(path)?.set_modified(SystemTime::now());
            }
            let lock = cache.lock()?;
            lock.lock_shared()?;
            entry.model = model;
            entry.write(&cache, &path)
        })
        .await;
    }

    /// Forgets what turned out to be damaged.
    pub(crate) async fn remove(&self) {
        let (path, object) = (self.path.clone(), self.cache.object_path(&self.entry.sha256));
        on_disk(move || {
            remove_file(&path)?;
            remove_file(&object)
        })
        .await;
    }
}
