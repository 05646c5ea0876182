//! Many shards behind a slow way: as many requests at once as may be, and no more.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use io_core::Result;
use io_http::HttpOptions;
use support::{
    load, load_stream, model_json, noise, quick,
    server::{Exchange, Server},
};

const SHARDS: usize = 64;
const ETAG: &str = "\"v1\"";
type Load = fn(&str, HttpOptions) -> Result<Vec<u8>>;
const WAYS: [(&str, Load); 2] = [("read", load), ("stream", load_stream)];

/// A model of small shards, each of which is answered when `wait` is done.
fn serving(
    wait: impl Fn(usize) -> io::Result<()> + Send + Sync + 'static,
    length: usize,
) -> (Server, Vec<u8>) {
    let shards: Vec<Vec<u8>> = (0..SHARDS).map(|n| noise(length, n as u64 + 1)).collect();
    let names: Vec<String> = (0..SHARDS).map(|n| format!("s{n}")).collect();
    let listed: Vec<(&str, &[u8])> =
        names.iter().zip(&shards).map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let (json, whole) = (model_json(&listed, true), shards.concat());
    let server = Server::start(move |exchange: &mut Exchange<'_>| {
        if exchange.target == "/model.json" {
            return exchange.file(ETAG, json.as_bytes());
        }
        let number: usize = exchange.target.strip_prefix("/s").unwrap().parse().unwrap();
        wait(number)?;
        exchange.file(ETAG, &shards[number])
    });
    (server, whole)
}

fn with_parallel(parallel: usize) -> HttpOptions {
    quick().with_parallel(NonZeroUsize::new(parallel).unwrap())
}

/// How many requests there were, and how many of them were answered.
#[derive(Default)]
struct Window {
    requested: usize,
    answered: usize,
    most: usize,
}

#[test]
fn there_are_always_as_many_requests_at_once_as_may_be() {
    for (way, load) in WAYS {
        for parallel in [1, 2, 6] {
            let window = Arc::new((Mutex::new(Window::default()), Condvar::new()));
            let own = window.clone();
            // No answer before the requests after it are there, too: whoever makes fewer at once waits in
            // vain.
            let wait = move |number| {
                let (window, changed) = &*own;
                let mut seen = window.lock().unwrap();
                seen.requested += 1;
                seen.most = seen.most.max(seen.requested - seen.answered);
                changed.notify_all();
                let timeout = Duration::from_secs(4);
                let (mut seen, waited) = changed
                    .wait_timeout_while(seen, timeout, |seen| {
                        seen.requested < SHARDS.min(number + parallel)
                    })
                    .unwrap();
                seen.answered += 1;
                if waited.timed_out() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
            };
            let (server, whole) = serving(wait, 1_000);
            let loaded = load(&server.url("/model.json"), with_parallel(parallel));
            assert!(loaded.unwrap() == whole, "{way}, {parallel}");
            assert_eq!(window.0.lock().unwrap().most, parallel, "{way}");
            assert_eq!(server.log().len(), 1 + SHARDS, "{way}, {parallel}");
        }
    }
}

#[test]
fn a_slow_way_is_hidden_by_requests_at_once() {
    let wait = |_| {
        std::thread::sleep(Duration::from_millis(50));
        Ok(())
    };
    let (server, whole) = serving(wait, 20_000);
    let url = server.url("/model.json");
    let time = |load: Load, parallel| {
        let start = Instant::now();
        assert!(load(&url, with_parallel(parallel)).unwrap() == whole);
        start.elapsed()
    };
    let one_by_one = time(load_stream, 1);
    for (way, load) in WAYS {
        let at_once = time(load, 6);
        assert!(at_once * 3 <= one_by_one, "{way}: {at_once:?}, one by one {one_by_one:?}");
    }
}
