//! When an upload has stood still for too long.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{error::idle, retry::Failure};

/// When bytes last moved, told by the body of an upload.
#[derive(Debug)]
pub(super) struct Activity(Mutex<(Instant, bool)>);

impl Activity {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Instant::now(), false)))
    }

    /// Bytes move; or, `waiting`, our own side has none to send, which no server is to blame for.
    pub(super) fn now(&self, waiting: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), waiting);
    }

    /// When the server has been silent for too long.
    fn deadline(&self, limit: Duration) -> Instant {
        let (last, waiting) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (if waiting { Instant::now() } else { last }) + limit
    }
}

/// `future`, given up when `activity` has seen nothing for `limit`; inside
/// [`within`](super::within) only.
pub(super) async fn watch<F: Future>(
    future: F,
    activity: &Activity,
    limit: Duration,
) -> Result<F::Output, Failure> {
    let mut future = std::pin::pin!(future);
    loop {
        let deadline = activity.deadline(limit);
        if let Ok(output) = tokio::time::timeout_at(deadline, &mut future).await {
            return Ok(output);
        }
        if activity.deadline(limit) <= Instant::now() {
            return Err(idle());
        }
    }
}
