//! Response bodies that end in an error where they are too long.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use object_store::client::{HttpError, HttpErrorKind, HttpResponseBody};

/// A response that no store has a reason to send.
#[derive(Debug)]
pub(crate) struct BadResponse(pub(crate) String);

impl fmt::Display for BadResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadResponse {}

/// `body`, which fails once it has more than `limit` bytes.
pub(crate) fn bounded(body: HttpResponseBody, limit: usize) -> HttpResponseBody {
    HttpResponseBody::new(Bounded { body, limit, left: limit })
}

struct Bounded {
    body: HttpResponseBody,
    limit: usize,
    left: usize,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(left) = self.left.checked_sub(length) else {
                let message = format!(
                    "the response has more than {} MiB, too many to be one",
                    self.limit >> 20
                );
                let error = HttpError::new(HttpErrorKind::Unknown, BadResponse(message));
                return Poll::Ready(Some(Err(error)));
            };
            self.left = left;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Buffers are made by the lower bound, which is what the server says.
        SizeHint::default()
    }
}
