//! When a request is tried again, and how long to wait before; how often, `HttpOptions` says.

use std::time::Duration;

use io_core::{Error, Result, now};

/// The longest wait between two tries, unless the server asks for a longer one.
const MAX_DELAY: Duration = Duration::from_secs(20);

/// The longest wait that a server may ask for; for a longer one the caller decides.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// A try that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether another try may succeed.
    pub(crate) retry: bool,
    /// How long the server asks to wait.
    pub(crate) after: Option<Duration>,
    /// The status, when there was an answer.
    pub(crate) status: Option<u16>,
}

impl From<Error> for Failure {
    /// A failure for good.
    fn from(error: Error) -> Self {
        Self { error, retry: false, after: None, status: None }
    }
}

impl Failure {
    /// The same, which names what was asked for.
    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.error = self.error.with_subject(subject);
        self
    }

    /// A failure of the network.
    pub(crate) fn passing(error: Error) -> Self {
        Self { error: error.with_retryable(true), retry: true, after: None, status: None }
    }
}

/// Counts tries.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    failed: u32,
    most: u32,
    delay: Duration,
}

impl Tries {
    /// Up to `most` retries; the first wait is at most `delay`.
    pub(crate) fn new(most: u32, delay: Duration) -> Self {
        Self { failed: 0, most, delay }
    }

    /// Something was achieved since the last failure: only tries in vain are limited.
    pub(crate) fn progressed(&mut self) {
        self.failed = 0;
    }

    /// How long to wait before the next try; `random` is from 0 to 1.
    ///
    /// # Errors
    ///
    /// That of the failure, when there is no next try.
    pub(crate) fn next(&mut self, failure: Failure, random: f64) -> Result<Duration> {
        let Failure { error, retry, after, .. } = failure;
        if !retry || self.failed >= self.most || after.is_some_and(|wait| wait > MAX_RETRY_AFTER) {
            return Err(match after.filter(|_| retry) {
                Some(wait) => {
                    error.with_hint(format!("the server asks to wait {} seconds", wait.as_secs()))
                }
                None => error,
            });
        }
        let most = self.delay.saturating_mul(1 << self.failed.min(16)).min(MAX_DELAY);
        self.failed += 1;
        // Full jitter: clients that failed together do not come back together.
        Ok(after.unwrap_or_default() + most.mul_f64(random.clamp(0.0, 1.0)))
    }
}

/// Reads `Retry-After`: seconds or a date.
pub(crate) fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{Failure, Tries, retry_after};
    use io_core::{Error, ErrorKind};
    use std::time::{Duration, SystemTime};

    fn failure(after: Option<u64>) -> Failure {
        let error = Error::new(ErrorKind::Network, "down");
        Failure { after: after.map(Duration::from_secs), ..Failure::passing(error) }
    }

    #[test]
    fn waits_double_up_to_a_limit_and_tries_end() {
        let mut tries = Tries::new(9, Duration::from_millis(250));
        let waits: Vec<u128> =
            (0..9).map(|_| tries.next(failure(None), 1.0).unwrap().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
        assert!(tries.next(failure(None), 1.0).unwrap_err().is_retryable());
        tries.progressed();
        assert_eq!(tries.next(failure(None), 0.5).unwrap().as_millis(), 125);
        assert_eq!(tries.next(failure(None), 0.0).unwrap().as_millis(), 0);
    }

    #[test]
    fn the_server_may_ask_for_more_within_reason() {
        let mut tries = Tries::new(2, Duration::from_millis(100));
        assert_eq!(tries.next(failure(Some(7)), 0.5).unwrap().as_millis(), 7_050);
        let error = tries.next(failure(Some(3_600)), 0.5).unwrap_err();
        assert_eq!(error.hint(), Some("the server asks to wait 3600 seconds"));
        let fatal = Failure::from(Error::corrupt("x"));
        assert!(tries.next(fatal, 0.0).is_err());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 5 "), Some(Duration::from_secs(5)));
        let soon = SystemTime::now() + Duration::from_secs(90);
        let wait = retry_after(&httpdate::fmt_http_date(soon)).unwrap().as_secs();
        assert!((80..=90).contains(&wait), "{wait}");
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("soon"), None);
    }
}
