//! Tasks and time by the browser's own loop.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{Either, RemoteHandle, select},
};
use io_core::Result;

pub(crate) use io_web::sleep;
pub(crate) use web_time::Instant;

/// The browser has timers and connections at hand anywhere.
pub(crate) async fn within<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    future.await
}

/// What `future` gives, or `None` when it is not there by `deadline`.
pub(crate) async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    timeout(deadline.saturating_duration_since(Instant::now()), future).await
}

/// What `future` gives, or `None` when it is not there within `limit`.
pub(super) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    match select(pin!(future), pin!(sleep(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right((Ok(()), _)) => None,
        // Without a clock there are no limits.
        Either::Right((Err(_), future)) => Some(future.await),
    }
}

/// A task that runs though nobody polls it, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Spawned<T>(RemoteHandle<T>);

/// Starts `future`.
pub(crate) fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Spawned<T> {
    let (task, handle) = future.remote_handle();
    wasm_bindgen_futures::spawn_local(task);
    Spawned(handle)
}

impl<T: 'static> Future for Spawned<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.poll_unpin(context).map(Ok)
    }
}
