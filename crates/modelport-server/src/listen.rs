//! Connections: accepted within limits, and ended in order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request, middleware};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::{
    Tls,
    admission::{self, Admission, Client},
    connections::Connections,
    host,
};

/// What a connection reads at a time, at most: bodies come in pieces of this size where the client is
/// fast.
const BUFFER_BYTES: usize = 256 << 10;

/// The connections beyond the limit that are accepted to answer `/health`.
const RESERVE: usize = 16;

/// How connections are served.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// TLS; plain HTTP without.
    pub tls: Option<Tls>,
    /// The most connections at one time: 512. At this limit a new connection closes the one that has
    /// been idle longest. Where none is idle, `/health` is answered all the same, and other requests
    /// wait two seconds for a place before they are answered with 503.
    pub connections: usize,
    /// The most headers of a request: 64.
    pub headers: usize,
    /// The most bytes that a request's headers have: 64 KiB.
    pub header_bytes: usize,
    /// How long the headers of a request may take, and how long a connection may be idle: 30 s.
    pub header_timeout: Duration,
    /// How long a reader may take nothing: 60 s.
    pub write_timeout: Duration,
    /// How long requests may go on after the server was asked to stop: 30 s. Those that are not
    /// done then are dropped, which undoes what is half done.
    pub grace: Duration,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            tls: None,
            connections: 512,
            headers: 64,
            header_bytes: 64 << 10,
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            grace: Duration::from_secs(30),
        }
    }
}

impl ListenOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`tls`](Self::tls).
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// Serves `router` on `listener` until `shutdown` completes and the requests running at that time have
/// ended or their grace is over. Returns `true` when none had to be dropped.
///
/// # Errors
///
/// That of a runtime without timers or sockets; a connection that fails ends by itself.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ListenOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<bool> {
    listener.local_addr()?;
    let grace = options.grace;
    let acceptor = Acceptor {
        listener,
        connections: Connections::new(options.connections),
        reserve: Arc::new(Semaphore::new(RESERVE)),
    };
    let router =
        router.layer(middleware::from_fn(host::check)).layer(middleware::from_fn(admission::check));
    let (options, graceful) = (Arc::new(options), GracefulShutdown::new());
    let mut tasks = JoinSet::new();
    let accepting = async {
        loop {
            let (stream, peer, admission) = acceptor.accept().await;
            while let Some(ended) = tasks.try_join_next() {
                report_panic(ended);
            }
            let connection = Connection {
                router: router.clone(),
                options: options.clone(),
                client: Client { admission: Arc::new(admission), address: peer.ip() },
            };
            tasks.spawn(connection.run(stream, graceful.watcher()));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(acceptor);
    tracing::info!(connections = tasks.len(), "stopping");
    let in_time = timeout(grace, graceful.shutdown()).await.is_ok();
    // What is not done is dropped here, which rolls it back.
    tasks.shutdown().await;
    if !in_time {
        tracing::warn!("requests were dropped as their grace was over");
    }
    Ok(in_time)
}

/// A panic, of a dependency most likely, ends its connection and no other.
fn report_panic(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("a connection ended by a panic");
    }
}

/// Accepts connections, each with its place.
struct Acceptor {
    listener: TcpListener,
    connections: Arc<Connections>,
    reserve: Arc<Semaphore>,
}

impl Acceptor {
    async fn accept(&self) -> (TcpStream, SocketAddr, Admission) {
        let (stream, peer) = loop {
            match self.listener.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    // Too many open files, most often: other connections will be closed.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        };
        loop {
            if let Some(lease) = self.connections.admit() {
                return (stream, peer, Admission::Regular(Arc::new(lease)));
            }
            tokio::select! {
                permit = self.reserve.clone().acquire_owned() => if let Ok(_permit) = permit {
                    let connections = self.connections.clone();
                    return (stream, peer, Admission::Reserve { connections, _permit });
                },
                () = self.connections.freed() => {}
            }
        }
    }
}

/// One connection.
struct Connection {
    router: Router,
    options: Arc<ListenOptions>,
    client: Client,
}

impl Connection {
    async fn run(self, stream: TcpStream, watcher: Watcher) {
        let admission = self.client.admission.clone();
        tokio::select! {
            () = self.open(stream, watcher) => {}
            () = admission.evicted() => {
                tracing::debug!("an idle connection was closed to make room");
            }
        }
    }

    async fn open(self, stream: TcpStream, watcher: Watcher) {
        // Small answers at once. Without it they are only slower.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.options.write_timeout));
        let stream = Box::pin(stream);
        match self.options.tls.as_ref().map(Tls::acceptor) {
            None => self.serve(stream, watcher).await,
            Some(tls) => match timeout(self.header_timeout(), tls.accept(stream)).await {
                Ok(Ok(stream)) => self.serve(stream, watcher).await,
                Ok(Err(error)) => tracing::debug!("no TLS: {error}"),
                Err(_) => tracing::debug!("no TLS in time"),
            },
        }
    }

    /// A connection of the reserve has to be quick, so that the next one has its turn.
    fn header_timeout(&self) -> Duration {
        let timeout = self.options.header_timeout;
        if self.client.admission.is_regular() { timeout } else { timeout.min(admission::PATIENCE) }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self,
        stream: S,
        watcher: Watcher,
    ) {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout())
            .keep_alive(self.client.admission.is_regular())
            .max_headers(self.options.headers)
            .max_header_size(self.options.header_bytes)
            .max_buf_size(self.options.header_bytes.max(BUFFER_BYTES));
        let service = self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(self.client.clone());
            request
        });
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!("a connection ended early: {error}");
        }
    }
}
