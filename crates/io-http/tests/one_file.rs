//! One file on a server, whatever is in it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{ops::Range, thread, time::Duration};

use futures::{TryStreamExt, executor::block_on};
use io_core::{ErrorKind, Result, Weights};
use support::{handler, noise, quick, server::Server, told};

const LENGTH: usize = 100_000;

fn open(url: &str) -> Result<Weights> {
    block_on(handler(url, quick()).open_file())
}

fn read(file: &Weights, range: Range<u64>) -> Result<Vec<u8>> {
    let pieces: Vec<bytes::Bytes> = block_on(file.stream_range(range).try_collect())?;
    Ok(pieces.concat())
}

#[test]
fn any_range_is_read_from_any_server() {
    let bytes = noise(LENGTH, 1);
    let (knows, knows_not) = (bytes.clone(), bytes.clone());
    let servers = [
        Server::start(move |exchange| exchange.file("\"a\"", &knows)),
        // It knows neither ranges nor versions.
        Server::start(move |exchange| exchange.answer(200, &[], &knows_not)),
    ];
    for server in servers {
        let file = open(&server.url("/m.h5")).unwrap();
        assert_eq!(file.byte_length(), LENGTH as u64);
        for range in [0..LENGTH, 0..1, 50..60_000, LENGTH - 1..LENGTH, 7..7] {
            let found = read(&file, range.start as u64..range.end as u64).unwrap();
            assert!(found == bytes[range.clone()], "{range:?}");
        }
    }
}

#[test]
fn what_is_cut_goes_on_where_it_stopped() {
    let bytes = noise(LENGTH, 2);
    let copy = bytes.clone();
    let server = Server::start(move |exchange| match (exchange.method.as_str(), exchange.nth) {
        ("GET", 0) => exchange.cut(&[("etag", "\"a\"")], &copy, 60_000),
        _ => exchange.file("\"a\"", &copy),
    });
    let file = open(&server.url("/m.h5")).unwrap();
    assert!(read(&file, 0..LENGTH as u64).unwrap() == bytes);
}

#[test]
fn a_file_that_changes_between_two_reads_is_a_conflict() {
    let (old, new) = (noise(LENGTH, 3), noise(LENGTH, 4));
    let server = Server::start(move |exchange| match (exchange.method.as_str(), exchange.nth) {
        ("HEAD", _) | ("GET", 0) => exchange.file("\"old\"", &old),
        _ => exchange.file("\"new\"", &new),
    });
    let file = open(&server.url("/m.h5")).unwrap();
    read(&file, 0..10).unwrap();
    let error = read(&file, 10..20).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

#[test]
fn what_is_no_file_is_named() {
    let page = b"<!DOCTYPE html><html>sign in</html>".to_vec();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/page" => exchange.answer(200, &[("content-type", "text/html")], &page),
        _ => exchange.answer(404, &[], b""),
    });
    let error = read(&open(&server.url("/page")).unwrap(), 0..30).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(told(&error).contains("HTML"), "{}", told(&error));
    let error = open(&server.url("/m.h5?token=hunter2")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(!told(&error).contains("hunter2"), "{}", told(&error));
}

#[test]
fn a_server_that_stalls_ends_with_the_time_of_the_whole() {
    let server = Server::start(|exchange| {
        exchange.head(200, &[], LENGTH)?;
        if exchange.method != "HEAD" {
            thread::sleep(Duration::from_secs(2));
        }
        Ok(())
    });
    let options = quick().with_timeout(Duration::from_millis(200));
    let file = block_on(handler(&server.url("/m.h5"), options).open_file()).unwrap();
    let error = read(&file, 0..10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(told(&error).contains("m.h5"), "{}", told(&error));
}
