//! The runtime that requests need, for callers who have none or another one.

use std::{
    io,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    time::Duration,
};

use io_core::{Error, ErrorKind, Result};
use tokio::{runtime::Runtime, task::JoinHandle};

pub(crate) use tokio::time::Instant;

/// Waits; inside [`within`] only.
///
/// # Errors
///
/// None: there always is a clock.
pub(crate) async fn sleep(time: Duration) -> Result<()> {
    tokio::time::sleep(time).await;
    Ok(())
}

/// Runs `future` with timers and sockets at hand, on whatever executor polls it. Dropping it drops
/// all that it was doing.
///
/// # Errors
///
/// `Unexpected` when the system gives no threads, else what the future fails with.
pub(crate) async fn within<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut entering = Entering { runtime: runtime()?, future: Some(Box::pin(future)) };
    std::future::poll_fn(|context| entering.poll(context)).await
}

/// A future that is polled, and dropped too, where timers and sockets are at hand: what gives a
/// connection back to its pool starts a task.
struct Entering<F> {
    runtime: &'static Runtime,
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Entering<F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = self.runtime.enter();
        match &mut self.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Entering<F> {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.future = None;
    }
}

/// A task that runs though nobody polls it, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Spawned<T>(JoinHandle<T>);

/// Starts `future`; inside [`within`] only.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Spawned<T> {
    Spawned(tokio::spawn(future))
}

impl<T> Future for Spawned<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let panicked = |error| {
            Error::new(ErrorKind::Unexpected, "a background task ended early").with_source(error)
        };
        Pin::new(&mut self.0).poll(context).map(|joined| joined.map_err(panicked))
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What `future` gives, or `None` when it is not there by `deadline`; inside [`within`] only.
pub(crate) async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    tokio::time::timeout_at(deadline, future).await.ok()
}

/// One for the process, never shut down: connections of any handler live on it.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("io-http")
            .enable_all()
            .build()
    });
    runtime.as_ref().map_err(|error| {
        let cause = io::Error::new(error.kind(), error.to_string());
        Error::new(ErrorKind::Unexpected, "cannot start threads for requests").with_source(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::within;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    struct SpawnsWhenDropped;

    impl Drop for SpawnsWhenDropped {
        fn drop(&mut self) {
            tokio::spawn(async {});
        }
    }

    #[test]
    fn what_is_given_up_may_start_tasks() {
        let given_up = within(async {
            let _connection = SpawnsWhenDropped;
            std::future::pending().await
        });
        let mut given_up = Box::pin(given_up);
        let polled: Poll<io_core::Result<()>> =
            pin!(given_up.as_mut()).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(given_up);
    }
}
