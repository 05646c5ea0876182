//! Servers that go on for ever, fast or drop by drop: each ends, in time and memory.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{
    io, thread,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, executor::block_on};
use io_core::{ErrorKind, HandlerOptions, IOHandler as _, ModelStore as _, ModelUrl};
use io_http::HttpStore;
use support::{
    handler, load, load_stream, model, model_json, noise, quick,
    server::{Exchange, Server},
};

/// A body of unknown length, until the client has enough or `most` bytes are sent.
fn endless(exchange: &mut Exchange<'_>, begin: &str, most: usize) -> io::Result<()> {
    let chunk = [b'x'; 64 << 10];
    exchange.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")?;
    exchange.write(format!("{:x}\r\n{begin}\r\n", begin.len()).as_bytes())?;
    for _ in 0..most.div_ceil(chunk.len()) {
        exchange.write(format!("{:x}\r\n", chunk.len()).as_bytes())?;
        exchange.write(&chunk)?;
        exchange.write(b"\r\n")?;
    }
    Err(io::ErrorKind::Other.into())
}

#[test]
fn a_weight_file_without_end_is_counted_no_further_than_its_specs() {
    let bytes = noise(4_000, 1);
    let json = model_json(&[("a.bin", &bytes), ("b.bin", &bytes)], false);
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        _ if exchange.method == "HEAD" => exchange.answer(405, &[], b""),
        _ => endless(exchange, "w", 1 << 40),
    });
    let start = Instant::now();
    let error = block_on(handler(&server.url("/model.json"), quick()).load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("a.bin") && error.to_string().contains("8000"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_model_file_without_end_is_read_up_to_its_limit() {
    let server = Server::start(|exchange| endless(exchange, "{\"a\":\"", 1 << 40));
    let http = quick().with_max_json_bytes(1 << 20);
    let error = load(&server.url("/model.json"), http.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    assert!(error.hint().unwrap().contains("max-json-bytes"), "{error:?}");
    // What says that it is too long is not read at all.
    let server = Server::start(|exchange| exchange.head(200, &[], (1 << 20) + 1));
    let error = load(&server.url("/model.json"), http).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
}

#[test]
fn an_error_body_without_end_is_not_read_to_it() {
    let server = Server::start(|exchange| {
        exchange.write(
            b"HTTP/1.1 400 X\r\ncontent-type: application/json\r\n\r\n{\"error\":{\"message\":\"",
        )?;
        loop {
            exchange.write(&[b'x'; 64 << 10])?;
        }
    });
    let start = Instant::now();
    let error = load(&server.url("/model.json"), quick()).unwrap_err();
    assert!(error.to_string().contains("400"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_drips_is_too_slow() {
    // A model file, a weight file, a compressed one, the body of an error.
    for case in 0..4 {
        let json = model_json(&[("w.bin", &noise(4_000, 1))], true);
        let server = Server::start(move |exchange| {
            let status = if case == 3 { 400 } else { 200 };
            let gzip: &[_] = if case == 2 { &[("content-encoding", "gzip")] } else { &[] };
            let kind: &[_] = &[("content-type", "application/json")];
            if case > 0 && case < 3 && exchange.target == "/model.json" {
                return exchange.answer(200, &[], json.as_bytes());
            }
            exchange.head(status, if case == 3 { kind } else { gzip }, 4_000)?;
            // The header of gzip, and a block of stored bytes.
            let coded = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0, 0xff, 0xff, 0, 0];
            for drop in coded.into_iter().chain(noise(4_000, 1)) {
                exchange.write(&[drop])?;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        });
        let http = quick().with_speed_limit(1_000, Duration::from_millis(400));
        for load in [load, load_stream] {
            let start = Instant::now();
            let error = load(&server.url("/model.json"), http.clone()).unwrap_err();
            assert!(start.elapsed() < Duration::from_secs(4), "{case}");
            let expected = if case == 3 { ErrorKind::Unexpected } else { ErrorKind::Timeout };
            assert_eq!((error.kind(), case), (expected, case), "{error}");
            if case < 3 {
                assert!(error.to_string().contains("slower than 1000 bytes a second"), "{error}");
                assert!(error.hint().unwrap().contains("speed-limit"), "{error:?}");
            }
        }
    }
}

/// A reader that takes its time is not the server's fault.
#[test]
fn idle_time_of_the_reader_does_not_count() {
    let bytes = noise(1 << 20, 1);
    let json = model_json(&[("w.bin", &bytes)], true);
    let served = bytes.clone();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        _ => exchange.answer(200, &[], &served),
    });
    let http = quick().with_speed_limit(100 << 20, Duration::from_millis(800));
    let loaded = block_on(async {
        let artifacts = handler(&server.url("/model.json"), http).load().await.unwrap();
        let mut stream = artifacts.weight_data.unwrap().stream();
        let mut loaded = stream.next().await.unwrap().unwrap().to_vec();
        thread::sleep(Duration::from_secs(1));
        while let Some(chunk) = stream.next().await {
            loaded.extend_from_slice(&chunk.unwrap());
        }
        loaded
    });
    assert!(loaded == bytes);
}

#[test]
fn a_server_that_takes_an_upload_drop_by_drop_is_too_slow() {
    let server = Server::start(|exchange| {
        let mut some = [0; 64 << 10];
        loop {
            exchange.read(&mut some)?;
            thread::sleep(Duration::from_millis(50));
        }
    });
    let http = quick()
        .with_idle_timeout(Duration::from_secs(30))
        .with_speed_limit(1 << 30, Duration::from_millis(300));
    let (handler, artifacts) = (handler(&server.url("/"), http), model(vec![7; 64 << 20]));
    let start = Instant::now();
    let error = block_on(handler.save(artifacts)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("slower than"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Each connection brings a byte, and then breaks.
#[test]
fn a_server_that_cuts_after_each_byte_is_given_up() {
    for etag in [&[("etag", "\"a\"")][..], &[]] {
        let bytes = noise(4_000, 1);
        let json = model_json(&[("w.bin", &bytes)], true);
        let server = Server::start(move |exchange| {
            if exchange.target == "/model.json" {
                return exchange.answer(200, &[], json.as_bytes());
            }
            match exchange.header("range") {
                Some(range) => {
                    let first = range["bytes=".len()..].split('-').next().unwrap();
                    let first: usize = first.parse().unwrap();
                    let range = format!("bytes {first}-3999/4000");
                    let headers = [("content-range", range.as_str()), etag[0]];
                    exchange.head(206, &headers, 4_000 - first)?;
                    exchange.write(&bytes[first..=first])?;
                    Err(io::ErrorKind::Other.into())
                }
                None => exchange.cut(etag, &bytes, exchange.nth + 1),
            }
        });
        let error = load_stream(&server.url("/model.json"), quick()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert!(server.log().len() < 10, "{}", server.log().len());
    }
}

/// Each connection brings enough to go on, and takes its time for it.
#[test]
fn a_server_that_stalls_and_cuts_again_and_again_is_too_slow() {
    let bytes = noise(400_000, 1);
    let json = model_json(&[("w.bin", &bytes)], true);
    let server = Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            return exchange.answer(200, &[], json.as_bytes());
        }
        let first: usize = match exchange.header("range") {
            Some(range) => range["bytes=".len()..].split('-').next().unwrap().parse().unwrap(),
            None => 0,
        };
        let range = format!("bytes {first}-399999/400000");
        let headers = [("etag", "\"a\""), ("content-range", range.as_str())];
        let status = if first == 0 { 200 } else { 206 };
        exchange.head(status, &headers, 400_000 - first)?;
        exchange.write(&bytes[first..400_000.min(first + 5_000)])?;
        thread::sleep(Duration::from_millis(100));
        Err(io::ErrorKind::Other.into())
    });
    let http = quick().with_speed_limit(100_000, Duration::from_millis(400));
    for load in [load, load_stream] {
        let start = Instant::now();
        let error = load(&server.url("/model.json"), http.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        let text = error.to_string();
        assert!(text.contains("w.bin") && text.contains("slower than"), "{text}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_list_without_models_and_without_end_is_given_up() {
    let server = Server::start(|exchange| {
        if exchange.target == "/.well-known/modelport" {
            let document = r#"{"modelport":1,"models":"/models","operations":["list","stat"]}"#;
            return exchange.answer(200, &[], document.as_bytes());
        }
        let after = exchange.target.split("after=").nth(1).unwrap_or_default();
        let next: u64 = after.parse().unwrap_or(1_000_000);
        let page = format!(r#"{{"models":[],"next":"{}"}}"#, next + 1);
        exchange.answer(200, &[], page.as_bytes())
    });
    let url = ModelUrl::parse(&server.url("/models")).unwrap();
    let store = HttpStore::with_options(url, HandlerOptions::new(), quick()).unwrap();
    let error = block_on(store.list().next()).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

/// Durations that no clock can hold.
#[test]
fn durations_without_bound_do_no_harm() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin", &bytes)], true);
    let served = bytes.clone();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        "/upload" => {
            exchange.body()?;
            exchange.answer(200, &[], b"")
        }
        _ => exchange.answer(200, &[], &served),
    });
    let http = quick()
        .with_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX)
        .with_connect_timeout(Duration::MAX)
        .with_retry_delay(Duration::MAX)
        .with_speed_limit(u64::MAX, Duration::MAX)
        .with_parallel(std::num::NonZeroUsize::MAX);
    assert_eq!(load(&server.url("/model.json"), http.clone()).unwrap(), bytes);
    block_on(handler(&server.url("/upload"), http).save(model(bytes))).unwrap();
}
