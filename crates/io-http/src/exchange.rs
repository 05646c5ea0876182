//! Requests that are tried again, whoever makes them.

use http::Method;
use io_core::{Error, ErrorKind, Result};

use crate::{
    ask::Ask,
    error::out_of_time,
    platform::{Reply, Transport, Url, random, sleep, within},
    response::{Extent, Head},
    retry::{Failure, Tries},
    source::{HttpWeights, in_time},
};

/// The most bytes of an answer of a modelport server: far above any page of its list.
pub(crate) const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// The most bytes of an answer that says why a request failed.
const MAX_PROBLEM_BYTES: usize = 4 << 10;

impl Reply {
    /// What an answer means that is not a success. `subject` begins the message.
    pub(crate) async fn failure(mut self, subject: &str) -> Failure {
        let mut body = Vec::new();
        while (self.head.is_json() || self.head.is_xml())
            && body.len() < MAX_PROBLEM_BYTES
            && let Ok(Some(chunk)) = self.chunk().await
        {
            let room = MAX_PROBLEM_BYTES.saturating_sub(body.len());
            body.extend(chunk.into_iter().take(room));
        }
        self.head.failure(subject, &body)
    }
}

impl Transport {
    /// `work` on the runtime, within the time for the whole operation.
    ///
    /// # Errors
    ///
    /// `Timeout` when that is over, else those of the work.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        within(async {
            let deadline = HttpWeights::deadline(self);
            in_time(deadline, work).await.unwrap_or_else(|| Err(out_of_time(None)))
        })
        .await
    }

    pub(crate) fn tries(&self) -> Tries {
        Tries::new(self.options.retries, self.options.retry_delay)
    }

    /// Waits as `tries` wants before the next try.
    ///
    /// # Errors
    ///
    /// That of the failure, when there is no next try.
    pub(crate) async fn pause(&self, tries: &mut Tries, failure: Failure) -> Result<()> {
        let wait = tries.next(failure, random())?;
        sleep(wait).await
    }

    /// The whole answer to a `GET`, tried again until it is a success, `304` where that was asked
    /// for, or hopeless; and where it came from. `subject` begins messages.
    pub(crate) async fn get_all(
        &self,
        url: &Url,
        ask: Ask<'_>,
        subject: &str,
    ) -> Result<(Head, Vec<u8>, Url)> {
        let mut tries = self.tries();
        loop {
            match self.try_get_all(url, ask, subject).await {
                Ok(whole) => return Ok(whole),
                Err(failure) => self.pause(&mut tries, failure).await?,
            }
        }
    }

    /// One attempt of [`get_all`](Self::get_all).
    pub(crate) async fn try_get_all(
        &self,
        url: &Url,
        ask: Ask<'_>,
        subject: &str,
    ) -> Result<(Head, Vec<u8>, Url), Failure> {
        let mut reply = self.request(Method::GET, url, ask).await?;
        match reply.head.extent(false) {
            Extent::Nothing if reply.head.status == 304 => {}
            Extent::Nothing => return Err(reply.failure(subject).await),
            Extent::Part => {
                let message = format!("{subject} sent a part though all of it was requested");
                return Err(Failure { retry: true, ..Error::corrupt(message).into() });
            }
            Extent::Whole => {}
        }
        let limit = ask.limit.unwrap_or(self.options.max_json_bytes);
        let too_large = || {
            let message = format!("{subject} sent more than {limit} bytes");
            Error::new(ErrorKind::OutOfMemory, message)
        };
        if reply.head.content_length().is_some_and(|length| length > limit) {
            return Err(too_large().into());
        }
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(chunk) = reply.chunk().await? {
            let fits = (bytes.len() as u64).saturating_add(chunk.len() as u64) <= limit;
            if !fits || bytes.try_reserve(chunk.len()).is_err() {
                let error = too_large();
                return Err(match ask.limit {
                    Some(_) => error,
                    None => error
                        .with_hint("option `max-json-bytes` sets how large a model file may be"),
                }
                .into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((reply.head, bytes, reply.url))
    }
}
