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

/// Whether symbolic links of a model's files are followed out of its directory.
///
/// Links that stay inside the directory are followed in any case, and a path in a manifest never
/// leads out: neither by `..` nor through a folder that is a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// A file that lies in the directory itself may be a link to anywhere, as in the cache of
    /// Hugging Face, if the directory's owner, the user of this process or the administrator made
    /// the link. It must lead to a regular file.
    #[default]
    Follow,
    /// Such a link is an error.
    Deny,
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
    /// Whether links of a model's files are followed out of its directory. Setting `symlinks`:
    /// `follow` or `deny`.
    pub symlinks: Symlinks,
}

impl Default for FsOptions {
    fn default() -> Self {
        Self {
            read: ReadMode::default(),
            fsync: true,
            weights: None,
            symlinks: Symlinks::default(),
        }
    }
}

impl FsOptions {
    /// Reads the settings in `options`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a setting is unknown or has a value that it cannot have.
    pub fn from_settings(options: &HandlerOptions) -> Result<Self> {
        let settings = options.read_settings(&["fsync", "read", "symlinks", "weights"])?;
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
        let symlinks = match settings.text("symlinks") {
            None | Some("follow") => Symlinks::Follow,
            Some("deny") => Symlinks::Deny,
            Some(other) => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("option `symlinks` is `{other}`, expected `follow` or `deny`"),
                ));
            }
        };
        Ok(Self {
            read,
            symlinks,
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

    /// Sets [`symlinks`](Self::symlinks).
    #[must_use]
    pub fn with_symlinks(mut self, symlinks: Symlinks) -> Self {
        self.symlinks = symlinks;
        self
    }
}
