//! One event for each request. A query may hold secrets, and so may headers: neither is told.

use std::time::Instant;

use axum::{extract::Request, middleware::Next, response::Response};

/// Tells of every request when its answer begins.
pub(crate) async fn requests(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let guard = Unanswered { method: method.as_str(), path: &path, start, answered: false };
    let response = next.run(request).await;
    let mut guard = guard;
    guard.answered = true;
    let status = response.status().as_u16();
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status, ms, "request");
    response
}

/// Tells of a request that nobody waited for.
struct Unanswered<'a> {
    method: &'a str,
    path: &'a str,
    start: Instant,
    answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(method = self.method, path = self.path, ms, "request was given up");
        }
    }
}
