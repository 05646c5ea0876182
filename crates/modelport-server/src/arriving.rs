//! The body of a request as it arrives: not too long, not too slowly.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream},
    http::StatusCode,
};
use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep};

use crate::{Limits, problem::Problem};

/// The most bytes that may come in before something comes out of the form: a part's headers, or a
/// piece of its content. More than any read of ours at once, and than any headers.
const MAX_BACKLOG: u64 = 2 << 20;

/// The most bytes that are given at once: the form takes whatever is there before it gives anything.
const MAX_GIVEN: usize = 256 << 10;

/// What went wrong on the client's side, kept while an error passes through code that has its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<Problem>>>);

impl Fault {
    /// Keeps the first problem.
    pub(crate) fn set(&self, problem: Problem) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
    }

    pub(crate) fn take(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How many bytes went into the form since something came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backlog(Arc<AtomicU64>);

impl Backlog {
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The error of a body that was cut; the [`Fault`] knows more.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was cut off")
    }
}

impl std::error::Error for Cut {}

/// The body of a request.
pub(crate) struct Arriving {
    body: BodyDataStream,
    limits: Limits,
    backlog: Backlog,
    fault: Fault,
    received: u64,
    /// Time spent waiting for the client, and none that the store took.
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Bytes that were given since the form last had to wait.
    given: usize,
}

impl Arriving {
    pub(crate) fn new(body: Body, limits: Limits, backlog: Backlog, fault: Fault) -> Self {
        Self {
            body: body.into_data_stream(),
            limits,
            backlog,
            fault,
            received: 0,
            waited: Duration::ZERO,
            waiting: None,
            given: 0,
        }
    }

    /// How long the client may let us wait from now on.
    fn patience(&self) -> Duration {
        let Limits { idle, min_bytes_per_second, .. } = self.limits;
        let earned = Duration::from_secs(self.received / min_bytes_per_second.max(1));
        let left = (idle * 2).saturating_add(earned).saturating_sub(self.waited);
        left.min(idle)
    }

    fn fail(&self, problem: Problem) -> Poll<Option<Result<Bytes, Cut>>> {
        self.fault.set(problem);
        Poll::Ready(Some(Err(Cut)))
    }

    fn take_in(&mut self, bytes: Bytes) -> Poll<Option<Result<Bytes, Cut>>> {
        let length = bytes.len() as u64;
        self.received = self.received.saturating_add(length);
        if self.received > self.limits.body_bytes {
            return self.fail(Problem::body_too_large(self.limits.body_bytes));
        }
        let backlog = self.backlog.0.fetch_add(length, Ordering::Relaxed);
        if backlog.saturating_add(length) > MAX_BACKLOG {
            return self
                .fail(Problem::bad_request("the headers of a part of the form are too long"));
        }
        self.given = self.given.saturating_add(bytes.len());
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, Cut>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.given >= MAX_GIVEN {
            this.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match Pin::new(&mut this.body).poll_next(context) {
            Poll::Ready(item) => {
                if let Some((since, _)) = this.waiting.take() {
                    this.waited = this.waited.saturating_add(since.elapsed());
                }
                match item {
                    Some(Ok(bytes)) => this.take_in(bytes),
                    Some(Err(_)) => this.fail(Problem::bad_request("the request was cut off")),
                    None => Poll::Ready(None),
                }
            }
            Poll::Pending => {
                this.given = 0;
                let patience = this.patience();
                let (_, sleep) = this.waiting.get_or_insert_with(|| {
                    (Instant::now(), Box::pin(tokio::time::sleep(patience)))
                });
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                let message = "the body of the request comes too slowly";
                this.fail(Problem::new(StatusCode::REQUEST_TIMEOUT, "Timeout", message))
            }
        }
    }
}
