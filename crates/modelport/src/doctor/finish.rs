//! Work that is brought to its end though nobody waits for it any more.

use std::thread::{self, JoinHandle};

use futures::{channel::oneshot, executor::block_on};
use io_core::{Error, ErrorKind, Result};

/// What `work` gives, done on a thread of its own. Who gives this up waits until the work is done:
/// what it has made is removed by it.
///
/// # Errors
///
/// `Unexpected` when the system has no thread to give.
pub(super) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    let failed = || Error::new(ErrorKind::Unexpected, "a background task cannot be run");
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        // Without anybody who waits, it is done all the same.
        let _ = sender.send(block_on(work));
    };
    let thread = thread::Builder::new().name("modelport-doctor".to_owned()).spawn(work);
    let _joined = Joined(Some(thread.map_err(|error| failed().with_source(error))?));
    receiver.await.map_err(|error| failed().with_source(error))
}

struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // It has told its result by another way.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering::SeqCst},
        },
        task::{Context, Waker},
        time::Duration,
    };

    use super::finish;

    #[test]
    fn work_that_is_given_up_is_done_when_that_is_over() {
        let done = Arc::new(AtomicBool::new(false));
        let work = {
            let done = done.clone();
            async move {
                std::thread::sleep(Duration::from_millis(100));
                done.store(true, SeqCst);
            }
        };
        let mut waiting = Box::pin(finish(work));
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(waiting);
        assert!(done.load(SeqCst));
    }
}
