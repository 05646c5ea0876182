//! What another tab has just saved, once all of it can be seen.
//!
//! Chromium keeps a copy of local storage in each process, and tells the others of a change key by
//! key, a moment after the tab that made it has let go of the lock. Whoever looks in between sees
//! keys of two models. Nothing tells that from damage but time.
//!
//! What fits together needs no lock to be read: the note of a change that is under way is seen before
//! the change, and as long as we wait for nothing, nothing changes.

use std::time::Duration;

use io_core::{Error, ErrorKind, Result};
use io_web::{LockMode, TabLock, sleep};

use crate::{
    journal::NOTE,
    keys::{Keys, PREFIX},
    storage::Storage,
};

/// How long to wait before each further look, as long as nothing changes; all in all less than a
/// second.
const WAITS: [Duration; 5] = [
    Duration::from_millis(30),
    Duration::from_millis(60),
    Duration::from_millis(120),
    Duration::from_millis(240),
    Duration::from_millis(480),
];

/// How often to look at most, while another tab writes without pause.
const MOST_LOOKS: usize = 100;

impl Storage {
    /// What `read` finds. Under the lock, and again after a while, only where that is of use.
    ///
    /// # Errors
    ///
    /// Those of [`Self::look`].
    pub(crate) async fn read_now<T>(
        &self,
        read: impl Fn() -> Result<T>,
        is_half_seen: impl Fn(&Result<T>) -> bool,
    ) -> Result<T> {
        if !self.has(NOTE) {
            let found = read();
            if !is_half_seen(&found) {
                return found;
            }
        }
        self.look(LockMode::Shared, read, is_half_seen).await.map(|(found, _lock)| found)
    }

    /// What `read` finds under the lock, which comes with it. What may be half of something is looked
    /// at again before it counts, and does not count while other halves take its place.
    ///
    /// # Errors
    ///
    /// What `read` fails with at the last look, and those of [`Storage::lock`].
    pub(crate) async fn look<T>(
        &self,
        mode: LockMode,
        read: impl Fn() -> Result<T>,
        is_half_seen: impl Fn(&Result<T>) -> bool,
    ) -> Result<(T, TabLock)> {
        let mut waits = WAITS.iter();
        let mut before = None;
        for _ in 0..MOST_LOOKS {
            let lock = self.lock(mode).await?;
            let found = read();
            if !is_half_seen(&found) {
                return found.map(|found| (found, lock));
            }
            let seen = Some(self.seen()?);
            if before != seen {
                (before, waits) = (seen, WAITS.iter());
            }
            let Some(wait) = waits.next() else {
                return found.map(|found| (found, lock));
            };
            drop(lock);
            sleep(*wait).await?;
        }
        let lock = self.lock(mode).await?;
        read().map(|found| (found, lock))
    }

    /// What tells one moment from the next while models are saved and removed: which of their keys
    /// there are, and of when the models are.
    fn seen(&self) -> Result<String> {
        let mut seen = String::new();
        for key in self.keys()?.iter().filter(|key| key.starts_with(PREFIX)) {
            seen.push_str(key);
            if key.ends_with("/info") {
                seen.push_str(&self.get(key)?.unwrap_or_default());
            }
        }
        Ok(seen)
    }

    /// Whether half of the model with these keys could look like this.
    pub(crate) fn is_half_seen<T>(&self, keys: &Keys, found: &Result<T>) -> bool {
        match found.as_ref().map_err(Error::kind) {
            Err(ErrorKind::Corrupt) => true,
            // A model is there from its first key on.
            Err(ErrorKind::NotFound) => self.has(keys.info()),
            _ => false,
        }
    }
}
