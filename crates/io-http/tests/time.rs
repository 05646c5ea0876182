//! Silence, slowness, and operations that are given up.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use futures::{executor::block_on, future};
use io_core::{ErrorKind, IOHandler};
use support::{handler, load, load_stream, model, model_json, noise, quick, server::Server};

const MOMENT: Duration = Duration::from_millis(300);

#[test]
fn silence_fails_in_time_wherever_it_begins() {
    // No answer, half a model file, half a weight file.
    for place in 0..3 {
        let json = model_json(&[("w.bin", &noise(400, 1))], true);
        let server = Server::start(move |exchange| {
            let file = exchange.target == "/model.json";
            match (place, file) {
                (0, true) => {}
                (1, true) => {
                    exchange.head(200, &[], json.len())?;
                    exchange.write(&json.as_bytes()[..9])?;
                }
                (_, true) => return exchange.answer(200, &[], json.as_bytes()),
                _ => {
                    exchange.head(200, &[], 400)?;
                    exchange.write(&[1; 100])?;
                }
            }
            thread::sleep(Duration::from_secs(4));
            Ok(())
        });
        let start = Instant::now();
        let http = quick().with_idle_timeout(MOMENT).with_retries(0);
        let error = load(&server.url("/model.json"), http).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{place}");
    }
}

#[test]
fn a_slow_server_that_goes_on_is_waited_for() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin", &bytes)], true);
    let copy = bytes.clone();
    let server = Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            return exchange.answer(200, &[], json.as_bytes());
        }
        exchange.head(200, &[], 400)?;
        for drop in copy.chunks(50) {
            thread::sleep(MOMENT / 3);
            exchange.write(drop)?;
        }
        Ok(())
    });
    let http = quick().with_idle_timeout(MOMENT).with_retries(0);
    let start = Instant::now();
    assert_eq!(load_stream(&server.url("/model.json"), http.clone()).unwrap(), bytes);
    assert!(start.elapsed() > MOMENT * 2);
    // Unless the whole has a limit.
    let error = load(&server.url("/model.json"), http.clone().with_timeout(MOMENT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let error = load_stream(&server.url("/model.json"), http.with_timeout(MOMENT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[test]
fn the_file_that_was_awaited_is_named_when_the_time_is_over() {
    let [first, last] = [noise(400, 1), noise(400, 2)];
    let json = model_json(&[("a.bin", &first), ("b.bin", &last)], true);
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        "/a.bin" => exchange.answer(200, &[], &first),
        _ => {
            exchange.head(200, &[], 400)?;
            for drop in last.chunks(1) {
                thread::sleep(MOMENT / 10);
                exchange.write(drop)?;
            }
            Ok(())
        }
    });
    for read in [load, load_stream] {
        let error = read(&server.url("/model.json"), quick().with_timeout(MOMENT)).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error}");
        assert!(error.to_string().contains("before weight file `b.bin` is read"), "{error}");
    }
}

#[test]
fn an_upload_that_stalls_fails_in_time() {
    // A server that stops reading, and one that never answers.
    for reads in [false, true] {
        let server = Server::start(move |exchange| {
            if reads {
                exchange.body()?;
            }
            thread::sleep(Duration::from_secs(4));
            Ok(())
        });
        let http = quick().with_idle_timeout(MOMENT).with_retries(0);
        let (handler, artifacts) = (handler(&server.url("/"), http), model(noise(20_000_000, 1)));
        let start = Instant::now();
        let error = block_on(handler.save(artifacts)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn a_dropped_future_closes_the_connection() {
    let closed = Arc::new(AtomicBool::new(false));
    let (seen, begun) = (closed.clone(), Arc::new(AtomicBool::new(false)));
    let started = begun.clone();
    let server = Server::start(move |exchange| {
        started.store(true, SeqCst);
        let mut one = [0];
        let ended = exchange.read(&mut one);
        seen.store(matches!(ended, Ok(0) | Err(_)), SeqCst);
        Ok(())
    });
    let handler = handler(&server.url("/model.json"), quick());
    let mut loading = handler.load();
    let wait_for = |flag: &AtomicBool| {
        let start = Instant::now();
        while !flag.load(SeqCst) && start.elapsed() < Duration::from_secs(3) {
            thread::sleep(Duration::from_millis(5));
        }
        flag.load(SeqCst)
    };
    block_on(future::poll_fn(|context| {
        assert!(loading.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    }));
    while !begun.load(SeqCst) {
        block_on(future::poll_fn(|context| {
            assert!(loading.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        }));
        thread::sleep(Duration::from_millis(5));
    }
    drop(loading);
    assert!(wait_for(&closed));
}
