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
    /// How much of the time since then is counted already.
    counted: Duration,
    /// Whether the weights are waited for, for which no server is to blame.
    waiting: bool,
    /// Whether the connection has taken the whole body, and the response is waited for.
    sent: bool,
    /// How often to look whether the server is too slow.
    tick: Duration,
    speed: Speed,
    failure: Option<Failure>,
}

impl Activity {
    /// Starts to observe an upload with the limits in `options`.
    pub(super) fn new(options: &HttpOptions) -> Self {
        let (last, speed) = (Instant::now(), Speed::new(options));
        let (waiting, sent, tick) = (false, false, options.speed_time / 4);
        Self(Mutex::new(State {
            last,
            counted: Duration::ZERO,
            waiting,
            sent,
            tick,
            speed,
            failure: None,
        }))
    }

    /// Counts `bytes` that the connection takes now.
    pub(super) fn pass(&self, bytes: u64) {
        self.with(|state| {
            let now = Instant::now();
            let waited = (now - state.last).saturating_sub(state.counted);
            let waited = if state.waiting { Duration::ZERO } else { waited };
            state.counted = Duration::ZERO;
            state.failure = state.failure.take().or(state.speed.add(waited, bytes).err());
            (state.last, state.waiting) = (now, false);
        });
    }

    /// Counts the time since bytes moved last, if the server is to blame for it.
    fn stand_still(&self) {
        self.with(|state| {
            let waited = state.last.elapsed().saturating_sub(state.counted);
            if !state.waiting && !state.sent {
                state.counted += waited;
                state.failure = state.failure.take().or(state.speed.add(waited, 0).err());
            }
        });
    }

    /// Notes that the whole body was passed.
    pub(super) fn finish(&self) {
        self.with(|state| state.sent = true);
    }

    /// Returns why the upload ends here, if the server has been silent for `limit` or is too slow.
    fn failure(&self, limit: Duration) -> Option<Failure> {
        self.with(|state| {
            let silent = state.last.elapsed();
            if state.waiting {
                None
            } else if silent >= limit {
                Some(idle())
            } else {
                state.failure.take()
            }
        })
    }

    /// When to look for a failure again.
    fn next_look(&self, limit: Duration) -> Instant {
        self.with(|state| {
            let now = Instant::now();
            let idle = if state.waiting { now } else { state.last };
            let ends = [idle.checked_add(limit), now.checked_add(state.tick)];
            ends.into_iter().flatten().min().unwrap_or(now)
        })
    }

    /// Notes that the weights are waited for.
    pub(super) fn wait(&self) {
        self.with(|state| {
            (state.last, state.waiting, state.counted) = (Instant::now(), true, Duration::ZERO);
        });
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
        let look = activity.next_look(limit);
        if let Ok(output) = tokio::time::timeout_at(look, &mut future).await {
            return Ok(output);
        }
        activity.stand_still();
        if let Some(failure) = activity.failure(limit) {
            return Err(failure);
        }
    }
}
