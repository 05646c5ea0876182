//! What another tab has just saved, once all of it can be seen.
//!
//! Chromium keeps a copy of local storage in each process, and tells the others of a change key by
//! key, a moment after the tab that made it has let go of the lock. Whoever looks in between sees
//! keys of two models. Nothing tells that from damage but time.

use std::time::Duration;

use io_core::{ErrorKind, Result};
use io_web::{LockMode, TabLock, sleep};

use crate::{keys::Keys, storage::Storage};

/// How long to wait before each further look; all in all less than half a second.
const WAITS: [Duration; 4] = [
    Duration::from_millis(30),
    Duration::from_millis(60),
    Duration::from_millis(120),
    Duration::from_millis(240),
];

impl Storage {
    /// What `read` finds of the model with these keys, under the lock, which comes with it. What does
    /// not fit together is looked at again before it counts as damaged.
    ///
    /// # Errors
    ///
    /// What `read` fails with at the last look, and those of [`Storage::lock`].
    pub(crate) async fn look<T>(
        &self,
        keys: &Keys,
        mode: LockMode,
        read: impl Fn() -> Result<T>,
    ) -> Result<(T, TabLock)> {
        for wait in WAITS {
            let lock = self.lock(mode).await?;
            match read() {
                Err(error) if self.may_be_half_seen(keys, error.kind()) => {}
                found => return found.map(|found| (found, lock)),
            }
            drop(lock);
            sleep(wait).await?;
        }
        let lock = self.lock(mode).await?;
        read().map(|found| (found, lock))
    }

    fn may_be_half_seen(&self, keys: &Keys, kind: ErrorKind) -> bool {
        match kind {
            ErrorKind::Corrupt => true,
            // A model is there from its first key on.
            ErrorKind::NotFound => self.has(keys.info()),
            _ => false,
        }
    }
}
