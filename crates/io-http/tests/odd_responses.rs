//! Responses that are not the ones that were asked for, and are right all the same.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::io;

use futures::executor::block_on;
use io_core::ErrorKind;
use support::{
    handler, load, load_stream, model_json, noise, quick,
    server::{Exchange, Server},
};

const LENGTH: usize = 100_000;

#[test]
fn a_whole_body_loads_whatever_success_it_comes_with() {
    for (status, range) in [(203, false), (206, true), (206, false)] {
        for files in [1, 2] {
            let bytes = noise(400, 1);
            let json = model_json(&[("a", &*bytes), ("b", &*bytes)][..files], false);
            let served = bytes.clone();
            let server = Server::start(move |exchange| {
                let all = exchange.target == "/model.json";
                let body = if all { json.as_bytes() } else { &served };
                let whole = format!("bytes 0-{}/{}", body.len() - 1, body.len());
                let headers = [("content-range", whole.as_str())];
                exchange.answer(status, if range { &headers } else { &[] }, body)
            });
            let url = server.url("/model.json");
            assert!(load(&url, quick()).unwrap() == bytes.repeat(files), "{status}");
            assert!(load_stream(&url, quick()).unwrap() == bytes.repeat(files), "{status}");
        }
    }
}

#[test]
fn a_part_in_place_of_the_whole_is_refused() {
    let json = model_json(&[("w.bin", &noise(400, 1))], false);
    let server = Server::start(move |exchange| {
        let range = format!("bytes 0-{}/{}", json.len() - 2, json.len());
        exchange.answer(206, &[("content-range", &range)], &json.as_bytes()[..json.len() - 1])
    });
    let error = load(&server.url("/model.json"), quick().with_retries(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("a part though all of it was requested"), "{error}");
    assert_eq!(server.log().len(), 2);
}

/// The first and the last byte of a response to a request for some, of `LENGTH`.
type Answer = fn(usize, usize) -> (usize, usize);

/// The first response is cut, and each range that is asked for is answered by another one.
fn cut_then(
    bytes: &[u8],
    integrity: bool,
    etag: &'static str,
    answer: impl Fn(&mut Exchange<'_>, usize, usize) -> io::Result<()> + Send + Sync + 'static,
) -> Server {
    let (bytes, json) = (bytes.to_vec(), model_json(&[("w.bin", bytes)], integrity));
    Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            return exchange.answer(200, &[], json.as_bytes());
        }
        if exchange.nth == 0 {
            return exchange.cut(&[("etag", "\"a\"")], &bytes, 60_000);
        }
        let range = exchange.header("range").and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        });
        match range {
            Some((first, last)) => answer(exchange, first, last),
            None => exchange.answer(200, &[("etag", etag)], &bytes),
        }
    })
}

#[test]
fn a_range_that_was_not_requested_starts_again_from_the_whole() {
    let answers: &[Answer] = &[
        |first, _| (first, first + 9_999),
        |first, last| (first / 4_096 * 4_096, last),
        |first, last| (first - 1, last - 1),
        |first, last| (first + 1, last),
        |_, last| (1, last),
        |_, last| (0, last),
    ];
    for &range in answers {
        for integrity in [true, false] {
            for load in [load, load_stream] {
                let bytes = noise(LENGTH, 1);
                let body = bytes.clone();
                let server = cut_then(&bytes, integrity, "\"a\"", move |exchange, first, last| {
                    let (first, last) = range(first, last);
                    let range = format!("bytes {first}-{last}/{LENGTH}");
                    let headers = [("etag", "\"a\""), ("content-range", range.as_str())];
                    exchange.answer(206, &headers, &body[first..=last])
                });
                assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
                let requests = server.log().iter().filter(|line| line.ends_with("/w.bin")).count();
                assert!(requests <= 3, "{:?}", server.log());
            }
        }
    }
}

#[test]
fn a_range_that_is_refused_or_not_told_starts_again_from_the_whole() {
    let total = format!("bytes */{LENGTH}");
    for (status, range) in [(416, Some(total)), (206, None), (206, Some("octets 1-2/3".to_owned()))]
    {
        let bytes = noise(LENGTH, 1);
        let body = bytes.clone();
        let server = cut_then(&bytes, false, "\"a\"", move |exchange, first, _| {
            let headers: Vec<_> =
                range.iter().map(|range| ("content-range", range.as_str())).collect();
            exchange.answer(status, &headers, &body[first..])
        });
        assert!(load_stream(&server.url("/model.json"), quick()).unwrap() == bytes, "{status}");
    }
}

/// Edges of a network that each have an `ETag` of their own for the same bytes, and no date.
#[test]
fn another_validator_for_the_same_bytes_starts_again_from_the_whole() {
    for load in [load, load_stream] {
        let bytes = noise(LENGTH, 1);
        let json = model_json(&[("w.bin", &bytes)], false);
        let served = bytes.clone();
        let server = Server::start(move |exchange| {
            if exchange.target == "/model.json" {
                return exchange.answer(200, &[], json.as_bytes());
            }
            let etag = format!("\"edge{}\"", exchange.nth);
            match exchange.nth {
                nth @ 0..3 => exchange.cut(&[("etag", &etag)], &served, 30_000 * (nth + 1)),
                _ => exchange.answer(200, &[("etag", &etag)], &served),
            }
        });
        assert!(load(&server.url("/model.json"), quick()).unwrap() == bytes);
    }
}

/// One of several files may not be of another version than the others.
#[test]
fn another_validator_of_one_of_several_files_is_a_conflict() {
    let bytes = noise(LENGTH, 1);
    let json = model_json(&[("a", &bytes), ("b", &bytes)], false);
    let server = Server::start(move |exchange| {
        let etag = format!("\"{}\"", exchange.nth);
        match (exchange.target.as_str(), exchange.method.as_str()) {
            ("/model.json", _) => exchange.answer(200, &[], json.as_bytes()),
            ("/b", "GET") if exchange.nth == 0 => {
                exchange.cut(&[("etag", "\"0\"")], &bytes, 60_000)
            }
            ("/b", "GET") => exchange.answer(200, &[("etag", &etag)], &bytes),
            _ => exchange.answer(200, &[("etag", "\"0\"")], &bytes),
        }
    });
    let error = load_stream(&server.url("/model.json"), quick()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

#[test]
fn a_path_with_its_own_query_is_requested_with_that_alone() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin?sig=bbb", &bytes)], false);
    let served = bytes.clone();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/m/model.json?sig=aaa" => exchange.answer(200, &[], json.as_bytes()),
        "/m/w.bin?sig=bbb" => exchange.answer(200, &[], &served),
        _ => exchange.answer(403, &[], b"two signatures"),
    });
    assert_eq!(load(&server.url("/m/model.json?sig=aaa"), quick()).unwrap(), bytes);
}

#[test]
fn a_url_that_expired_is_no_change_of_the_model() {
    for (status, query, expected) in [
        (400, "", None),
        (401, "", None),
        (403, "", None),
        (403, "?sig=a", None),
        (404, "?sig=a", None),
        (410, "?once", None),
        (404, "", Some(ErrorKind::Conflict)),
        (410, "", Some(ErrorKind::Conflict)),
        (503, "", Some(ErrorKind::Network)),
    ] {
        for load in [load, load_stream] {
            let bytes = noise(400, 1);
            let json = model_json(&[("w.bin", &bytes)], false);
            let served = bytes.clone();
            let server =
                Server::start(move |exchange| match exchange.target.starts_with("/model.json") {
                    true if exchange.nth > 0 => exchange.answer(status, &[], b"expired"),
                    true => exchange.answer(200, &[("etag", "\"m\"")], json.as_bytes()),
                    false => exchange.answer(200, &[], &served),
                });
            let url = server.url(&format!("/model.json{query}"));
            let loaded = load(&url, quick().with_retries(1));
            match expected {
                None => assert_eq!(loaded.unwrap(), bytes, "{status} {query}"),
                Some(kind) => assert_eq!(loaded.unwrap_err().kind(), kind, "{status} {query}"),
            }
        }
    }
}

#[test]
fn messages_about_other_files_do_not_say_weight_file() {
    let server = Server::start(|exchange| {
        exchange.answer(200, &[("content-encoding", "compress")], b"a model, somehow")
    });
    let opened = block_on(handler(&server.url("/model.json"), quick()).open_file());
    let error = opened.unwrap_err();
    assert!(error.to_string().contains("file `model.json`: the server sent"), "{error}");
    assert!(!error.to_string().contains("weight file"), "{error}");
}
