//! Giving up: futures that are dropped, and a pause in which others are polled.

use std::{future::poll_fn, task::Poll};

use io_core::BoxFuture;

/// Polls `future` at most `polls` times and then drops it; `None` when it was not ready by then.
pub(crate) async fn poll_at_most<T>(future: BoxFuture<'_, T>, polls: usize) -> Option<T> {
    let mut future = Some(future);
    let mut left = polls;
    poll_fn(move |task| {
        if left > 0
            && let Some(running) = &mut future
        {
            left -= 1;
            match running.as_mut().poll(task) {
                Poll::Ready(value) => return Poll::Ready(Some(value)),
                Poll::Pending if left > 0 => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        // Dropped here and now, not when this future is.
        future = None;
        Poll::Ready(None)
    })
    .await
}

/// Lets everything else that is joined with this have a turn.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(move |task| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
