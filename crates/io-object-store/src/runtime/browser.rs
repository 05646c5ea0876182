//! Tasks on the browser's own loop.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, future::RemoteHandle};
use io_core::Result;

/// How often a read whose body broke off begins again.
const RETRIES: u32 = 3;

/// Runs `future` on the loop. It is cancelled when the task is dropped.
///
/// # Errors
///
/// None here.
pub(crate) fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Result<Task<T>> {
    start(future, true)
}

/// Runs `future` on the loop to its end, whether or not somebody waits for it.
///
/// # Errors
///
/// None here.
pub(crate) fn spawn_detached<T: 'static>(
    future: impl Future<Output = T> + 'static,
) -> Result<Task<T>> {
    start(future, false)
}

/// What `read` gives: the client's own retries need a clock that browsers have not, so an answer that
/// breaks off in its body is asked for again here.
///
/// # Errors
///
/// That of the last try.
pub(crate) async fn retrying<T, F: Future<Output = Result<T>>>(read: impl Fn() -> F) -> Result<T> {
    for failed in 0..RETRIES {
        match read().await {
            Err(error) if error.is_retryable() => {
                io_web::sleep(Duration::from_millis(200 << failed)).await?;
            }
            other => return other,
        }
    }
    read().await
}

/// Something that runs on the loop and can be waited for.
#[derive(Debug)]
pub(crate) struct Task<T> {
    handle: Option<RemoteHandle<T>>,
    cancel: bool,
}

fn start<T: 'static>(future: impl Future<Output = T> + 'static, cancel: bool) -> Result<Task<T>> {
    let (task, handle) = future.remote_handle();
    wasm_bindgen_futures::spawn_local(task);
    Ok(Task { handle: Some(handle), cancel })
}

impl<T: 'static> Future for Task<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.handle {
            Some(handle) => handle.poll_unpin(context).map(Ok),
            // Only a task that is being dropped has none.
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take().filter(|_| !self.cancel) {
            handle.forget();
        }
    }
}
