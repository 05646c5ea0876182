//! The least that a server has to send, so that none can hold an operation drop by drop.

use std::time::Duration;

use io_core::{Error, ErrorKind};

use crate::{HttpOptions, retry::Failure};

/// The fewest pauses that make a server slow.
const PAUSES: u32 = 4;

/// Measures how fast bytes move while the other side is waited for.
#[derive(Debug)]
pub(crate) struct Speed {
    /// The fewest bytes a second; zero for any.
    limit: u64,
    /// How long it may be slower.
    window: Duration,
    waited: Duration,
    moved: u64,
}

impl Speed {
    /// Starts to measure with the limits in `options`.
    pub(crate) fn new(options: &HttpOptions) -> Self {
        let (limit, window) = (options.speed_limit, options.speed_time);
        Self { limit, window, waited: Duration::ZERO, moved: 0 }
    }

    /// Counts `bytes` that were waited for.
    ///
    /// # Errors
    ///
    /// `Timeout` when they were too few for too long. Another attempt is no remedy: one with a few
    /// bytes each would never end either.
    pub(crate) fn add(&mut self, waited: Duration, bytes: u64) -> Result<(), Failure> {
        // A single pause is for the idle timeout to judge.
        self.waited = self.waited.saturating_add(waited.min(self.window / PAUSES));
        self.moved = self.moved.saturating_add(bytes);
        if self.waited < self.window {
            return Ok(());
        }
        let least = u128::from(self.limit).saturating_mul(self.waited.as_millis()) / 1_000;
        if u128::from(self.moved) < least {
            return Err(too_slow(self.limit));
        }
        (self.waited, self.moved) = (Duration::ZERO, 0);
        Ok(())
    }
}

fn too_slow(limit: u64) -> Failure {
    let message = format!("the server is slower than {limit} bytes a second");
    let error = Error::new(ErrorKind::Timeout, message).with_retryable(true);
    error.with_hint("option `speed-limit` sets how slow it may be, 0 allows any speed").into()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::Speed;
    use crate::HttpOptions;
    use std::time::Duration;

    #[test]
    fn a_server_may_be_slow_for_a_while_and_not_for_ever() {
        let second = Duration::from_secs(1);
        let options = HttpOptions::default().with_speed_limit(100, second * 10);
        let mut speed = Speed::new(&options);
        assert!((0..9).all(|_| speed.add(second, 1).is_ok()));
        assert!(speed.add(second, 991).is_ok(), "100 bytes a second in all");
        assert!((0..9).all(|_| speed.add(second, 99).is_ok()));
        let failure = speed.add(second, 99).unwrap_err();
        assert!(failure.error.to_string().contains("slower than 100 bytes"), "{}", failure.error);
        assert!(failure.error.is_retryable() && !failure.retry);
        let mut paused = Speed::new(&options);
        assert!(paused.add(second * 50, 1).is_ok(), "a pause, and all goes on");
        assert!(paused.add(second, 1_000).is_ok());
        assert!((0..9).any(|_| paused.add(second * 50, 1).is_err()), "pause after pause");
        let mut any = Speed::new(&HttpOptions::default().with_speed_limit(0, second));
        assert!((0..99).all(|_| any.add(second, 0).is_ok()));
    }
}
