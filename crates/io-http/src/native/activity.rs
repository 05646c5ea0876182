//! When an upload has stood still for too long.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{HttpOptions, error::idle, retry::Failure, speed::Speed};

/// How the bytes of an upload move, as its body reports it.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    last: Instant,
    /// Whether the weights are waited for, for which no server is to blame.
    waiting: bool,
    speed: Speed,
    failure: Option<Failure>,
}

impl Activity {
    /// Starts to observe an upload with the limits in `options`.
    pub(super) fn new(options: &HttpOptions) -> Self {
        let (last, speed) = (Instant::now(), Speed::new(options));
        Self(Mutex::new(State { last, waiting: false, speed, failure: None }))
    }

    /// Counts `bytes` that the connection takes now.
    pub(super) fn pass(&self, bytes: u64) {
        self.with(|state| {
            let now = Instant::now();
            let waited = if state.waiting { Duration::ZERO } else { now - state.last };
            state.failure = state.failure.take().or(state.speed.add(waited, bytes).err());
            (state.last, state.waiting) = (now, false);
        });
    }

    /// Notes that the weights are waited for.
    pub(super) fn wait(&self) {
        self.with(|state| (state.last, state.waiting) = (Instant::now(), true));
    }

    /// When the server has been silent for too long.
    fn deadline(&self, limit: Duration) -> Instant {
        let last = self.with(|state| if state.waiting { Instant::now() } else { state.last });
        last.checked_add(limit).unwrap_or(last)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
        if let Some(failure) = activity.with(|state| state.failure.take()) {
            return Err(failure);
        }
        if activity.deadline(limit) <= Instant::now() {
            return Err(idle());
        }
    }
}
