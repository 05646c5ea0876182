//! Bytes on their way into the cache, beside their way to the reader.

use std::{
    fs,
    io::{self, Write},
};

use bytes::Bytes;
use io_core::redact;
use io_manifest::FileIntegrity;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::{
    Cache,
    entry::{Entry, digest_text},
    on_disk,
};
use crate::{platform::Transport, response::Version};

/// A copy that is being written. Dropped before its end, nothing is kept.
pub(crate) struct Tee {
    cache: Cache,
    url: Url,
    /// Away while the disk is busy with it.
    state: Option<Box<(NamedTempFile, Sha256)>>,
}

impl Tee {
    /// A copy of what is at `url`, from its first byte on.
    pub(crate) async fn start(transport: &Transport, url: &Url) -> Option<Self> {
        let cache = transport.options.cache.clone()?;
        let staging = cache.staging_directory();
        let file = on_disk(move || {
            fs::create_dir_all(&staging)?;
            NamedTempFile::new_in(staging)
        });
        let state = Some(Box::new((file.await?, Sha256::new())));
        Some(Self { cache, url: url.clone(), state })
    }

    /// The next bytes. When it fails, as on a full disk, nothing will be kept.
    pub(crate) async fn write(&mut self, bytes: &Bytes) -> bool {
        let (state, bytes) = (self.state.take(), bytes.clone());
        let Some(mut state) = state else { return false };
        self.state = on_disk(move || {
            state.0.write_all(&bytes)?;
            state.1.update(&bytes);
            Ok(state)
        })
        .await;
        self.state.is_some()
    }

    /// All has come and was checked: keeps it, and removes what there is no more room for. `model` is
    /// the sum of the model file that it belongs to, and the base of its paths.
    pub(crate) async fn commit(
        self,
        version: Version,
        integrity: FileIntegrity,
        (model, base): (u64, Option<String>),
    ) {
        let Self { cache, url, state } = self;
        let Some(state) = state else { return };
        on_disk(move || {
            let (file, digest) = *state;
            let FileIntegrity { bytes, crc64nvme } = integrity;
            let sha256 = digest_text(digest);
            let shown = redact(url.as_str());
            let entry = Entry { url: shown, bytes, sha256, crc64nvme, version, model, base };
            file.as_file().sync_data()?;
            keep(&cache, &url, file, &entry)?;
            if cache.bytes_on_disk()? > cache.max_bytes {
                cache.prune(cache.max_bytes).map_err(io::Error::other)?;
            }
            Ok(())
        })
        .await;
    }
}

fn keep(cache: &Cache, url: &Url, file: NamedTempFile, entry: &Entry) -> io::Result<()> {
    fs::create_dir_all(cache.objects_directory())?;
    let lock = cache.lock()?;
    // Nobody removes the bytes before the entry is there.
    lock.lock_shared()?;
    file.persist(cache.object_path(&entry.sha256))?;
    entry.write(cache, &cache.entry_path(url))
}

impl std::fmt::Debug for Tee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tee").field("cache", &self.cache).finish_non_exhaustive()
    }
}
