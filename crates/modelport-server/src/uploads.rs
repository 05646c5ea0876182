//! Running uploads: how many there are, and how many of one client.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// The address of the client of a request, as the connection has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The uploads that run at one time, up to a limit.
///
/// A quarter of the places is out of reach for a client that has all others, so that one client with
/// many slow uploads does not shut out the rest.
#[derive(Debug)]
pub(crate) struct Uploads {
    limit: usize,
    running: Arc<Mutex<HashMap<Option<IpAddr>, usize>>>,
}

impl Uploads {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, running: Arc::default() }
    }

    /// Takes a place for an upload of `client`; `None` when there is none for that client.
    pub(crate) fn begin(&self, client: Option<ClientAddress>) -> Option<Upload> {
        let client = client.map(|ClientAddress(address)| network(address));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.get(&client).copied().unwrap_or_default();
        // Without an address, behind a program's own listener, all clients are one.
        let share = if client.is_some() { share(self.limit) } else { self.limit };
        if running.values().sum::<usize>() >= self.limit || own >= share {
            return None;
        }
        running.insert(client, own.saturating_add(1));
        Some(Upload { running: self.running.clone(), client })
    }
}

/// How many of `limit` places one client may have.
fn share(limit: usize) -> usize {
    limit.saturating_sub(limit / 4).max(1)
}

/// A client has all addresses of an IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

/// The place of an upload, given back on drop.
#[derive(Debug)]
pub(crate) struct Upload {
    running: Arc<Mutex<HashMap<Option<IpAddr>, usize>>>,
    client: Option<IpAddr>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let left = running.get(&self.client).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            running.remove(&self.client);
        } else {
            running.insert(self.client, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientAddress, Uploads};

    #[test]
    fn one_client_cannot_take_every_place() {
        let uploads = Uploads::new(8);
        let from = |address: &str| uploads.begin(Some(ClientAddress(address.parse().unwrap())));
        let greedy: Vec<_> = (0..8).filter_map(|_| from("192.0.2.1")).collect();
        assert_eq!(greedy.len(), 6);
        let others = [from("192.0.2.2"), from("2001:db8::1")];
        assert!(others.iter().all(Option::is_some));
        assert!(from("192.0.2.3").is_none(), "all places are taken");
        drop(greedy);
        // One network, one client; an IPv4 address in IPv6 is that address.
        let same: Vec<_> = (2..9).filter_map(|n| from(&format!("2001:db8::{n}"))).collect();
        assert_eq!(same.len(), 5);
        drop((same, others));
        let mapped: Vec<_> = (0..8).filter_map(|_| from("::ffff:192.0.2.1")).collect();
        assert_eq!((mapped.len(), from("192.0.2.1").is_none()), (6, true));
        drop(mapped);
        assert!(uploads.running.lock().unwrap().is_empty());
        assert_eq!((0..9).filter_map(|_| uploads.begin(None)).collect::<Vec<_>>().len(), 8);
        assert!(Uploads::new(1).begin(Some(ClientAddress("192.0.2.1".parse().unwrap()))).is_some());
    }
}
