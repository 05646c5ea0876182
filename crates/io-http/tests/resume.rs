//! Bodies that are cut, servers that fail for a moment, models that change meanwhile.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use futures::{TryStreamExt, executor::block_on};
use io_core::{ErrorKind, IOHandler};
use support::{
    handler, load, load_stream, model_json, noise, quick,
    server::{Exchange, Server},
};

const LENGTH: usize = 100_000;

/// A model of one file, `w.bin`, of `bytes`, which `script` answers.
fn serving(
    bytes: &[u8],
    integrity: bool,
    script: impl Fn(&mut Exchange<'_>) -> io::Result<()> + Send + Sync + 'static,
) -> Server {
    let json = model_json(&[("w.bin", bytes)], integrity);
    Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            exchange.file("\"m\"", json.as_bytes())
        } else {
            script(exchange)
        }
    })
}

type Load = fn(&str, io_http::HttpOptions) -> io_core::Result<Vec<u8>>;
const WAYS: [Load; 2] = [load, load_stream];

#[test]
fn a_cut_body_goes_on_where_it_stopped() {
    for load in WAYS {
        let bytes = noise(LENGTH, 1);
        let copy = bytes.clone();
        let server = serving(&bytes, false, move |exchange| match exchange.nth {
            0 => exchange.cut(&[("etag", "\"a\"")], &copy, 60_000),
            _ => {
                assert_eq!(exchange.header("range"), Some("bytes=60000-99999"));
                assert_eq!(exchange.header("if-range"), Some("\"a\""));
                exchange.file("\"a\"", &copy)
            }
        });
        assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
    }
}

#[test]
fn without_a_strong_validator_it_starts_again_and_is_compared() {
    for headers in [&[][..], &[("etag", "W/\"a\"")], &[("last-modified", "yesterday")]] {
        for load in WAYS {
            let bytes = noise(LENGTH, 1);
            let copy = bytes.clone();
            let server = serving(&bytes, false, move |exchange| {
                assert_eq!(exchange.header("if-range"), None);
                assert_eq!(exchange.header("range"), None);
                match exchange.nth {
                    0 => exchange.cut(headers, &copy, 60_000),
                    1 => exchange.cut(headers, &copy, 30_000),
                    _ => exchange.answer(200, headers, &copy),
                }
            });
            assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
        }
    }
}

#[test]
fn a_server_that_ignores_the_range_is_read_from_the_start() {
    for load in WAYS {
        let bytes = noise(LENGTH, 1);
        let copy = bytes.clone();
        let server = serving(&bytes, false, move |exchange| match exchange.nth {
            0 => exchange.cut(&[("etag", "\"a\"")], &copy, 60_000),
            _ => exchange.answer(200, &[("etag", "\"a\"")], &copy),
        });
        assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
    }
}

#[test]
fn two_versions_are_never_joined() {
    let (old, new) = (noise(LENGTH, 1), noise(LENGTH, 2));
    // A server that answers as it should, one that ignores `If-Range`, one without validators.
    for habit in 0..3 {
        for load in WAYS {
            let (first, second) = (old.clone(), new.clone());
            let server = serving(&old, false, move |exchange| {
                let headers: &[(&str, &str)] = if habit == 2 { &[] } else { &[("etag", "\"a\"")] };
                match (exchange.nth, habit) {
                    (0, _) => exchange.cut(headers, &first, 60_000),
                    (_, 0) => exchange.file("\"b\"", &second),
                    (_, 1) if exchange.header("range").is_some() => exchange.answer(
                        206,
                        &[("etag", "\"b\""), ("content-range", "bytes 60000-99999/100000")],
                        &second[60_000..],
                    ),
                    _ => exchange.answer(200, &[], &second),
                }
            });
            let error = load(&server.url("/model.json"), quick()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{habit}: {error}");
            assert!(error.is_retryable());
        }
    }
}

#[test]
fn another_etag_for_the_same_bytes_does_no_harm_under_a_checksum() {
    for load in WAYS {
        let bytes = noise(LENGTH, 1);
        let copy = bytes.clone();
        let server = serving(&bytes, true, move |exchange| match exchange.nth {
            0 => exchange.cut(&[("etag", "\"a\"")], &copy, 60_000),
            _ => exchange.file("\"b\"", &copy),
        });
        assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
    }
}

#[test]
fn a_server_that_cuts_again_and_again_is_read_as_long_as_it_gives_bytes() {
    for load in WAYS {
        let bytes = noise(LENGTH, 1);
        let copy = bytes.clone();
        let server = serving(&bytes, true, move |exchange| {
            let from = exchange.header("range").map_or(0, |range| {
                range["bytes=".len()..].split('-').next().unwrap().parse::<usize>().unwrap()
            });
            let rest = &copy[from..];
            if from == 0 {
                return exchange.cut(&[("etag", "\"a\"")], rest, 7_000);
            }
            let range = format!("bytes {from}-{}/{LENGTH}", LENGTH - 1);
            exchange.head(206, &[("etag", "\"a\""), ("content-range", &range)], rest.len())?;
            exchange.write(&rest[..rest.len().min(7_000)])?;
            if rest.len() > 7_000 { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
        });
        assert!(load(&server.url("/model.json"), quick().with_retries(1)).unwrap() == bytes);
    }
}

#[test]
fn passing_failures_are_tried_again_and_others_are_not() {
    for (status, tries) in [(408, 3), (429, 3), (500, 3), (502, 3), (503, 3), (504, 3), (404, 1)] {
        let server = Server::start(move |exchange| exchange.answer(status, &[], b""));
        let error = load(&server.url("/model.json"), quick().with_retries(2)).unwrap_err();
        assert_eq!((server.log().len(), error.is_retryable()), (tries, tries > 1), "{error}");
    }
    // Nobody listens.
    let gone = Server::start(|_| Ok(())).url("/model.json");
    std::thread::sleep(Duration::from_millis(50));
    let error = load(&gone, quick().with_retries(1)).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Network, true), "{error}");
}

#[test]
fn the_server_is_given_the_time_that_it_asks_for() {
    let bytes = noise(400, 1);
    let copy = bytes.clone();
    let server = serving(&bytes, true, move |exchange| match exchange.nth {
        0 => exchange.answer(503, &[("retry-after", "1")], b""),
        1 => exchange.answer(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], b""),
        _ => exchange.file("\"a\"", &copy),
    });
    let start = Instant::now();
    assert_eq!(load(&server.url("/model.json"), quick()).unwrap(), bytes);
    assert!((1.0..4.0).contains(&start.elapsed().as_secs_f64()));
    let server = Server::start(|exchange| exchange.answer(503, &[("retry-after", "999")], b""));
    let error = load(&server.url("/model.json"), quick()).unwrap_err();
    assert_eq!(error.hint(), Some("the server asks to wait 999 seconds"));
    assert_eq!(server.log().len(), 1);
}

/// What is streamed later belongs to the model file that was read.
#[test]
fn a_model_that_was_replaced_is_a_conflict() {
    for (integrity, etag) in [(false, true), (false, false), (true, true), (true, false)] {
        let state = std::sync::Arc::new(AtomicUsize::new(0));
        let now = state.clone();
        let weights = [noise(400, 1), noise(400, 2)];
        let server = Server::start(move |exchange| {
            let version = now.load(SeqCst);
            let json = model_json(&[("w.bin", &weights[version])], integrity)
                .replace("\"a\":1", &format!("\"a\":{version}"));
            let tag = format!("\"{version}\"");
            let headers = if etag { vec![("etag", tag.as_str())] } else { vec![] };
            if etag && exchange.header("if-none-match") == Some(&tag) {
                return exchange.write(b"HTTP/1.1 304 X\r\n\r\n");
            }
            let file = exchange.target == "/model.json";
            let body = if file { json.as_bytes() } else { &weights[version][..] };
            exchange.answer(200, &headers, body)
        });
        let loaded = block_on(handler(&server.url("/model.json"), quick()).load()).unwrap();
        let weights = loaded.weight_data.unwrap();
        let range = || block_on(weights.stream_range(4..8).try_collect::<Vec<_>>());
        assert_eq!(block_on(weights.to_bytes()).unwrap(), noise(400, 1));
        assert_eq!(range().unwrap().concat(), &noise(400, 1)[4..8]);
        state.store(1, SeqCst);
        for error in [
            block_on(weights.to_bytes()).unwrap_err(),
            block_on(weights.stream().try_collect::<Vec<_>>()).unwrap_err(),
            range().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{integrity} {etag}: {error}");
        }
    }
}
