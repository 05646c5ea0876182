//! Bytes done and bytes in all, on every save and load.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{MaybeSend, MaybeSync};

/// How far an operation has come, in bytes of weights.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, known before the first byte moves.
    pub total: u64,
}

/// Something that is told of progress.
///
/// Called with `done` rising, from whatever thread does the work; the last call of an operation
/// that succeeds has `done == total`. It must be quick: the operation waits for it.
#[derive(Clone)]
pub struct ProgressCallback(Arc<dyn Callback>);

trait Callback: Fn(Progress) + MaybeSend + MaybeSync {}
impl<F: Fn(Progress) + MaybeSend + MaybeSync> Callback for F {}

impl ProgressCallback {
    /// Wraps `callback`.
    pub fn new(callback: impl Fn(Progress) + MaybeSend + MaybeSync + 'static) -> Self {
        Self(Arc::new(callback))
    }
}

impl fmt::Debug for ProgressCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressCallback")
    }
}

/// Counts the bytes of one operation and tells the callback, where there is one.
///
/// Clones count together: the threads of an operation share one. What is told never falls and never
/// passes the total.
#[derive(Clone, Debug)]
pub struct ProgressMeter {
    callback: Option<ProgressCallback>,
    done: Arc<Mutex<u64>>,
    total: u64,
}

impl ProgressMeter {
    /// A meter for `total` bytes; the callback is told of 0 at once.
    pub fn new(callback: Option<ProgressCallback>, total: u64) -> Self {
        let meter = Self { callback, done: Arc::default(), total };
        meter.add(0);
        meter
    }

    /// Counts `bytes` more.
    pub fn add(&self, bytes: u64) {
        if let Some(callback) = &self.callback {
            // Held during the call, so that two threads cannot tell their counts in the wrong order.
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            *done = done.saturating_add(bytes).min(self.total);
            (callback.0)(Progress { done: *done, total: self.total });
        }
    }
}
