//! The rest of a body that is refused.
//!
//! Whoever still sends when the connection closes may lose the answer with it, and would see a reset
//! in place of a status. So a little of the rest is read before the answer is given.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use futures::{StreamExt as _, future::poll_fn, stream};
use tokio::time::timeout;

/// The most that is read of it.
const MAX_BYTES: usize = 1 << 20;

/// How long that may take.
const MAX_TIME: Duration = Duration::from_secs(2);

/// Reads what is left of the body of a request that failed.
pub(crate) async fn refused(request: Request, next: Next) -> Response {
    // Who asks first has sent nothing yet.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let rest = Shared(Arc::new(Mutex::new(body.into_data_stream())));
    let given = rest.clone();
    let body = Body::from_stream(stream::poll_fn(move |context| {
        given.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }));
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        // Who is slow even now has had the chance.
        let _ = timeout(MAX_TIME, rest.drain()).await;
    }
    response
}

#[derive(Clone)]
struct Shared(Arc<Mutex<BodyDataStream>>);

impl Shared {
    async fn drain(&self) {
        let mut bytes = 0_usize;
        while bytes < MAX_BYTES {
            let next = poll_fn(|context| {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
            });
            match next.await {
                Some(Ok(chunk)) => bytes = bytes.saturating_add(chunk.len()),
                _ => return,
            }
        }
    }
}
