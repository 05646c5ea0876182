//! The requests of one connection: marked as running while they are, and refused where the server is
//! full.

use std::{
    future::pending,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use crate::{
    connections::{Busy, Connections, Lease},
    problem::Problem,
    uploads::ClientAddress,
};

/// How long a request waits for a place when the server is full.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The place of a connection.
#[derive(Debug)]
pub(crate) enum Admission {
    /// One of those that the limit allows.
    Regular(Arc<Lease>),
    /// One beyond the limit, for a single short request.
    Reserve { connections: Arc<Connections>, _permit: OwnedSemaphorePermit },
}

impl Admission {
    pub(crate) fn is_regular(&self) -> bool {
        matches!(self, Self::Regular(_))
    }

    /// Waits until the connection has to make room for another one.
    pub(crate) async fn evicted(&self) {
        match self {
            Self::Regular(lease) => lease.evicted().await,
            Self::Reserve { .. } => pending().await,
        }
    }
}

/// The connection of a request.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) admission: Arc<Admission>,
    pub(crate) address: IpAddr,
}

/// Lets a request of [`serve`](crate::serve) run where its connection has a place.
pub(crate) async fn check(mut request: Request, next: Next) -> Response {
    let Some(Client { admission, address }) = request.extensions_mut().remove() else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(ClientAddress(address));
    let lease = match &*admission {
        Admission::Regular(lease) => lease.clone(),
        Admission::Reserve { .. } if is_health(request.uri().path()) => {
            return next.run(request).await;
        }
        Admission::Reserve { connections, .. } => match place(connections).await {
            Some(lease) => Arc::new(lease),
            None => return full(),
        },
    };
    let busy = lease.begin_request();
    next.run(request).await.map(|body| Body::new(Running { body, _busy: busy }))
}

/// Whether a path is that of the health check, whatever the server is nested below.
fn is_health(path: &str) -> bool {
    path.ends_with("/health") && !path.contains("/models/")
}

/// Waits for a place, but not for long.
async fn place(connections: &Arc<Connections>) -> Option<Lease> {
    let place = async {
        loop {
            match connections.admit() {
                Some(lease) => return lease,
                None => connections.freed().await,
            }
        }
    };
    timeout(PATIENCE, place).await.ok()
}

fn full() -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", "the server has too many connections")
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
        .into_response()
}

/// The body of a response, whose request runs until the body was sent or dropped.
struct Running {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Running {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
