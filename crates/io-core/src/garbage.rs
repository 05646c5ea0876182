//! Garbage: what saves that were cut short left in a place, and no model has.

use std::time::{Duration, SystemTime};

use crate::{BoxStream, ModelUrl, Result};

/// Garbage as it is found, one piece after the other.
///
/// What cannot be looked at or removed is an error in its place; the rest still follows.
pub type GarbageList = BoxStream<'static, Result<Garbage>>;

/// What a search for garbage looks for, and what it does with what it finds.
///
/// ```
/// use std::time::Duration;
/// use io_core::GcOptions;
///
/// let options = GcOptions::default();
/// assert!(options.dry_run);
/// assert_eq!(options.older_than, Duration::from_secs(24 * 60 * 60));
/// let options = options.with_dry_run(false).with_older_than(Duration::from_secs(3600));
/// assert!(!options.dry_run);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct GcOptions {
    /// What is younger is left alone: it may belong to a save that still runs. A day by default; it
    /// must be longer than the longest save takes.
    pub older_than: Duration,
    /// Whether garbage is only told of, not removed. It is, unless this is set to `false`.
    pub dry_run: bool,
}

impl Default for GcOptions {
    fn default() -> Self {
        Self { older_than: Duration::from_secs(24 * 60 * 60), dry_run: true }
    }
}

impl GcOptions {
    /// Sets [`older_than`](Self::older_than).
    #[must_use]
    pub fn with_older_than(mut self, older_than: Duration) -> Self {
        self.older_than = older_than;
        self
    }

    /// Sets [`dry_run`](Self::dry_run).
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Whether something of this date is old enough.
    pub fn is_old(&self, written: SystemTime) -> bool {
        // What is of the future is as young as can be.
        crate::now().duration_since(written).unwrap_or_default() >= self.older_than
    }
}

/// A piece of garbage: an object, an upload to one that was never completed, or a directory with all
/// that is in it.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Garbage {
    /// Where it is, or was.
    pub url: ModelUrl,
    /// How large it is.
    pub bytes: u64,
    /// When it was written.
    pub written: SystemTime,
}

impl Garbage {
    /// So many bytes at `url`.
    pub fn new(url: ModelUrl, bytes: u64, written: SystemTime) -> Self {
        Self { url, bytes, written }
    }
}
