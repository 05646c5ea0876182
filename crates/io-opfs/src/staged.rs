//! Weights that are being written, and belong to no model yet.

use io_core::{Error, ErrorKind, Result};
use io_web::{LockMode, TabLock, lock};
use js_sys::Math;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, FileSystemDirectoryHandle};

use crate::{
    files::{self, Writing},
    place::Place,
};

/// How much is written at a time, at least: each time costs a message to another process.
const CHUNK_BYTES: usize = 1 << 20;

/// A file with weights. Dropped before it belongs to a model it is removed; if that too is cut
/// short, others see by its lock that nobody is at it any more.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) id: String,
    directory: FileSystemDirectoryHandle,
    file: Option<Writing>,
    /// What is to be written next.
    chunk: Vec<u8>,
    lock: Option<TabLock>,
    published: bool,
}

impl Staged {
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) async fn begin(place: &Place) -> Result<Self> {
        let [high, low] = [(); 2].map(|()| Math::random() * f64::from(u32::MAX));
        let id = format!("{:.0}-{high:.0}-{low:.0}", js_sys::Date::now());
        // Before the file is there.
        let lock = lock(&lock_name(&id), LockMode::Exclusive).await?;
        let directory = place.weights.clone();
        let (lock, chunk) = (Some(lock), Vec::new());
        let mut staged = Self { id, directory, file: None, chunk, lock, published: false };
        staged.file = Some(Writing::begin(&staged.directory, &staged.id).await?);
        Ok(staged)
    }

    /// Writes some more, and says how many bytes are on their way to the disk.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws, `QuotaExceeded` above all.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<u64> {
        if self.chunk.is_empty() && bytes.len() >= CHUNK_BYTES {
            self.file()?.write(bytes).await?;
            return Ok(bytes.len() as u64);
        }
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() < CHUNK_BYTES {
            return Ok(0);
        }
        self.flush().await
    }

    /// Writes what the browser has already.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws, `QuotaExceeded` above all.
    pub(crate) async fn push_blob(&mut self, blob: &Blob) -> Result<()> {
        self.file()?.write_blob(blob).await
    }

    /// Writes the rest, whose length it tells. From now on the file is whole.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws, `QuotaExceeded` above all.
    pub(crate) async fn close(&mut self) -> Result<u64> {
        let rest = self.flush().await?;
        self.file.take().ok_or_else(closed)?.close().await?;
        Ok(rest)
    }

    /// Says that a model has it.
    pub(crate) fn published(mut self) {
        self.published = true;
    }

    async fn flush(&mut self) -> Result<u64> {
        if self.chunk.is_empty() {
            return Ok(0);
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.file()?.write(&chunk).await?;
        Ok(chunk.len() as u64)
    }

    fn file(&self) -> Result<&Writing> {
        self.file.as_ref().ok_or_else(closed)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unexpected, "the file is closed already")
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let (directory, id) = (self.directory.clone(), std::mem::take(&mut self.id));
        let (file, lock) = (self.file.take(), self.lock.take());
        spawn_local(async move {
            if let Some(file) = file {
                file.abort().await;
            }
            // What cannot be removed now is swept up later.
            let _ = files::remove(&directory, &id).await;
            drop(lock);
        });
    }
}

/// The lock of who writes the file `id`.
pub(crate) fn lock_name(id: &str) -> String {
    format!("modelport/opfs/{id}")
}
