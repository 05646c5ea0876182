//! A proxy that cuts its first connection off in the middle of an answer.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    thread,
};

/// Starts a proxy to `target`, whose first connection ends when it has answered with `bytes`.
/// Gives the address. It ends with the test.
pub(crate) fn start(target: &str, bytes: u64) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let target = target.to_owned();
    thread::spawn(move || {
        let mut limit = bytes;
        for client in listener.incoming() {
            let Ok(client) = client else { break };
            let Ok(server) = TcpStream::connect(&target) else { break };
            forward(client.try_clone().unwrap(), server.try_clone().unwrap(), u64::MAX);
            forward(server, client, limit);
            limit = u64::MAX;
        }
    });
    address
}

/// Passes on what comes, up to `limit` bytes; then the connection is no more.
fn forward(from: TcpStream, mut to: TcpStream, limit: u64) {
    thread::spawn(move || {
        let _ = copy(&from, &mut to, limit);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn copy(from: &TcpStream, to: &mut TcpStream, limit: u64) -> std::io::Result<()> {
    let mut from = from.take(limit);
    let mut piece = [0; 16 << 10];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(&piece[..length])?;
    }
}
