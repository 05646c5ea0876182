//! Open connections: how many there are, which of them are idle, and which one makes room.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

/// The connections of a server, up to a limit.
///
/// A connection without a running request is idle: one that waits for its next request, one whose
/// headers are incomplete, one in a TLS handshake. At the limit the connection that has been idle
/// longest makes room for a new one, so that idle clients cannot shut out others.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    open: Mutex<HashMap<u64, Entry>>,
    next: AtomicU64,
    freed: Notify,
}

#[derive(Debug)]
struct Entry {
    /// Running requests. Zero or one: HTTP/1.1 answers one after the other.
    requests: usize,
    idle_since: Instant,
    evicted: Arc<Notify>,
}

impl Connections {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.max(1),
            open: Mutex::default(),
            next: AtomicU64::new(0),
            freed: Notify::new(),
        })
    }

    /// Admits a connection. At the limit, evicts the one that has been idle longest; returns `None`
    /// when all have running requests.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Lease> {
        let mut open = self.lock();
        if open.len() >= self.limit {
            let idle = open.iter().filter(|(_, entry)| entry.requests == 0);
            let (&oldest, _) = idle.min_by_key(|(_, entry)| entry.idle_since)?;
            // It is gone from here on, so that the next connection picks another one.
            if let Some(entry) = open.remove(&oldest) {
                entry.evicted.notify_one();
            }
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let evicted = Arc::new(Notify::new());
        let entry = Entry { requests: 0, idle_since: Instant::now(), evicted: evicted.clone() };
        open.insert(id, entry);
        Some(Lease { connections: self.clone(), id, evicted })
    }

    /// Waits until a connection ends or becomes idle.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    connections: Arc<Connections>,
    id: u64,
    evicted: Arc<Notify>,
}

impl Lease {
    /// Waits until the connection has to make room.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// Marks the connection as busy until the returned guard is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>) -> Busy {
        if let Some(entry) = self.connections.lock().get_mut(&self.id) {
            entry.requests = entry.requests.saturating_add(1);
        }
        Busy(self.clone())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
        self.connections.freed.notify_one();
    }
}

/// A running request of a connection.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Lease>);

impl Drop for Busy {
    fn drop(&mut self) {
        let connections = &self.0.connections;
        if let Some(entry) = connections.lock().get_mut(&self.0.id) {
            entry.requests = entry.requests.saturating_sub(1);
            entry.idle_since = Instant::now();
        }
        connections.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;

    use super::Connections;

    #[test]
    fn the_oldest_idle_connection_makes_room() {
        let connections = Connections::new(2);
        let [first, second] = [(); 2].map(|()| Arc::new(connections.admit().unwrap()));
        let busy = first.begin_request();
        let third = Arc::new(connections.admit().unwrap());
        assert!(second.evicted().now_or_never().is_some());
        assert!(first.evicted().now_or_never().is_none());

        let also_busy = third.begin_request();
        assert!(connections.admit().is_none(), "nobody is idle");
        drop(busy);
        assert!(connections.freed().now_or_never().is_some());
        let fourth = connections.admit().unwrap();
        assert!(first.evicted().now_or_never().is_some());
        drop((also_busy, third, fourth));
        assert!(connections.admit().is_some());
        // What was evicted and ends later gives nothing back twice.
        drop((first, second));
        assert_eq!(connections.lock().len(), 0);
    }
}
