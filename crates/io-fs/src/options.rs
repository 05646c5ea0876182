//! What can be set for `file://`.

use io_core::{Error, ErrorKind, HandlerOptions, Result};
use std::path::PathBuf;

/// How weight files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadMode {
    /// Into memory of our own, by several threads.
    #[default]
    Buffered,
    /// As a memory map: nothing is copied, and pages are read when they are touched.
    ///
    /// A program that writes *into* a mapped file changes the weights under the reader, and one
    /// that truncates it ends the reader with a bus error. Our own saves never do either; other
    /// programs, tfjs-node among them, do both.
    MemoryMap,
}

/// What can be set for `file://`, on top of [`HandlerOptions`].
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct FsOptions {
    /// How weight files are read. Setting `read`: `buffered` or `mmap`.
    pub read: ReadMode,
    /// Whether a save survives a power cut when it returns. Setting `fsync`: `true` or `false`.
    pub fsync: bool,
    /// The one file with all weights, in place of the paths in the manifest: for loading a pair of
    /// files that were separated. Setting `weights`: its path.
    pub weights: Option<PathBuf>,
}

impl Default for FsOptions {
    fn default() -> Self {
        Self { read: ReadMode::default(), fsync: true, weights: None }
    }
}

impl FsOptions {
    /// Reads the settings in `options`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a setting is unknown or has a value that it cannot have.
    pub fn from_settings(options: &HandlerOptions) -> Result<Self> {
        let settings = options.read_settings(&["fsync", "read", "weights"])?;
        let read = match settings.text("read") {
            None | Some("buffered") => ReadMode::Buffered,
            Some("mmap") => ReadMode::MemoryMap,
            Some(other) => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("option `read` is `{other}`, expected `buffered` or `mmap`"),
                ));
            }
        };
        Ok(Self {
            read,
            fsync: settings.bool("fsync")?.unwrap_or(true),
            weights: settings.text("weights").map(PathBuf::from),
        })
    }

    /// Sets [`read`](Self::read).
    #[must_use]
    pub fn with_read(mut self, read: ReadMode) -> Self {
        self.read = read;
        self
    }

    /// Sets [`fsync`](Self::fsync).
    #[must_use]
    pub fn with_fsync(mut self, fsync: bool) -> Self {
        self.fsync = fsync;
        self
    }

    /// Sets [`weights`](Self::weights).
    #[must_use]
    pub fn with_weights(mut self, weights: impl Into<PathBuf>) -> Self {
        self.weights = Some(weights.into());
        self
    }
}
