//! The runtime of our own: cloud clients want tokio, and callers may have any executor.

use std::{
    future::Future,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
};

use io_core::{Error, ErrorKind, Result};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

/// Runs `future` on the runtime. It is cancelled when the task is dropped.
///
/// # Errors
///
/// `Unexpected` when the runtime cannot be started.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<Task<T>> {
    Ok(Task { handle: runtime()?.spawn(future), cancel: true })
}

/// Runs `future` on the runtime to its end, whether or not somebody waits for it.
///
/// # Errors
///
/// `Unexpected` when the runtime cannot be started.
pub(crate) fn spawn_detached<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<Task<T>> {
    Ok(Task { handle: runtime()?.spawn(future), cancel: false })
}

/// What `read` gives. Here the clients themselves try again, in the middle of an answer too.
///
/// # Errors
///
/// That of the read.
pub(crate) async fn retrying<T, F: Future<Output = Result<T>>>(read: impl Fn() -> F) -> Result<T> {
    read().await
}

/// Something that runs on the runtime and can be waited for from any executor.
#[derive(Debug)]
pub(crate) struct Task<T> {
    handle: JoinHandle<T>,
    cancel: bool,
}

impl<T> Future for Task<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(context).map(|done| {
            done.map_err(|error| {
                Error::new(ErrorKind::Unexpected, "a task ended early").with_source(error)
            })
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if self.cancel {
            self.handle.abort();
        }
    }
}

/// One for the process: it lives as long, since clients keep connections on it.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("modelport-objects").enable_all().build()
    });
    started.as_ref().map_err(|error| {
        Error::new(ErrorKind::Unexpected, "cannot start the runtime of the object stores")
            .with_source(std::io::Error::from(error.kind()))
    })
}
