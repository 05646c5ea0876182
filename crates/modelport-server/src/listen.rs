//! Connections: accepted within limits, and ended in order.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use crate::Tls;

/// What a connection reads at a time, at most: bodies come in pieces of this size where the client is
/// fast.
const BUFFER_BYTES: usize = 256 << 10;

/// How connections are served.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// TLS; plain HTTP without.
    pub tls: Option<Tls>,
    /// The most connections at one time: 512. Others wait until they are accepted.
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

/// Serves `router` on `listener` until `shutdown` is done and the requests at that time are, or their
/// grace is over. `true` when none had to be dropped.
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
    let connections = Arc::new(Semaphore::new(options.connections));
    let (options, graceful) = (Arc::new(options), GracefulShutdown::new());
    let mut tasks = JoinSet::new();
    let accepting = async {
        loop {
            let (stream, permit) = accept(&listener, &connections).await;
            while tasks.try_join_next().is_some() {}
            let connection =
                Connection { router: router.clone(), options: options.clone(), _permit: permit };
            tasks.spawn(connection.run(stream, graceful.watcher()));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(listener);
    tracing::info!(connections = tasks.len(), "stopping");
    let in_time = timeout(grace, graceful.shutdown()).await.is_ok();
    // Whoever is not done is dropped here, and with it whatever it has half done.
    tasks.shutdown().await;
    if !in_time {
        tracing::warn!("requests were dropped as their grace was over");
    }
    Ok(in_time)
}

/// The next connection, as soon as there may be one more.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else {
            // Nobody closes it.
            std::future::pending::<()>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                // Too many open files, most often: others will close theirs.
                tracing::warn!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection.
struct Connection {
    router: Router,
    options: Arc<ListenOptions>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(self, stream: TcpStream, watcher: Watcher) {
        // Small answers at once.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.options.write_timeout));
        let stream = Box::pin(stream);
        match &self.options.tls {
            None => self.serve(stream, watcher).await,
            Some(tls) => match timeout(self.options.header_timeout, tls.0.accept(stream)).await {
                Ok(Ok(stream)) => self.serve(stream, watcher).await,
                Ok(Err(error)) => tracing::debug!("no TLS: {error}"),
                Err(_) => tracing::debug!("no TLS in time"),
            },
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        watcher: Watcher,
    ) {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_timeout)
            .max_headers(self.options.headers)
            .max_header_size(self.options.header_bytes)
            .max_buf_size(self.options.header_bytes.max(BUFFER_BYTES));
        let service = TowerToHyperService::new(self.router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!("a connection ended early: {error}");
        }
    }
}
