//! Bodies that are compressed though the request did not accept it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use futures::{TryStreamExt as _, executor::block_on};
use io_core::{ErrorKind, IOHandler as _};
use support::{handler, load, load_stream, model_json, noise, quick, server::Server};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// What the fixtures decode to.
fn counting() -> Vec<u8> {
    (0..3_000_u32).flat_map(u32::to_le_bytes).collect()
}

type Code = fn(&[u8]) -> Vec<u8>;

/// A server that codes every body, ranges of it included, as objects in a store are.
fn always(json: String, bytes: Vec<u8>, encoding: &'static str, code: Code) -> Server {
    Server::start(move |exchange| {
        let plain =
            if exchange.target.starts_with("/model.json") { json.as_bytes() } else { &bytes };
        let coded = code(plain);
        let range = exchange.header("range").and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        });
        let encoding = ("content-encoding", encoding);
        match range.filter(|(first, _)| *first < coded.len()) {
            Some((first, last)) => {
                let last = last.min(coded.len() - 1);
                let range = format!("bytes {first}-{last}/{}", coded.len());
                let headers = [encoding, ("content-range", range.as_str()), ("etag", "\"g\"")];
                exchange.answer(206, &headers, &coded[first..=last])
            }
            None => exchange.answer(200, &[encoding, ("etag", "\"g\"")], &coded),
        }
    })
}

#[test]
fn a_body_that_is_always_compressed_is_decoded() {
    let cases: &[(&'static str, Code)] = &[
        ("gzip", gzip),
        ("X-GZIP", gzip),
        ("deflate", zlib),
        ("deflate, gzip", |bytes| gzip(&zlib(bytes))),
        ("aws-chunked, gzip", gzip),
        ("Identity", <[u8]>::to_vec),
        ("", <[u8]>::to_vec),
        ("utf-8", <[u8]>::to_vec),
        ("aws-chunked", <[u8]>::to_vec),
    ];
    for &(encoding, code) in cases {
        for files in [1, 2] {
            for integrity in [true, false] {
                let bytes = noise(4_000, 1);
                let all = [("a", &*bytes), ("b", &*bytes)];
                let json = model_json(&all[..files], integrity);
                let server = always(json, bytes.clone(), encoding, code);
                let url = server.url("/model.json");
                let whole = bytes.repeat(files);
                assert!(load(&url, quick()).unwrap() == whole, "{encoding}");
                assert!(load_stream(&url, quick()).unwrap() == whole, "{encoding}");
                let weights = block_on(handler(&url, quick()).load()).unwrap().weight_data.unwrap();
                let range: Vec<bytes::Bytes> =
                    block_on(weights.stream_range(1_000..3_000).try_collect()).unwrap();
                assert!(range.concat() == whole[1_000..3_000], "{encoding}");
            }
        }
    }
}

#[test]
fn brotli_and_zstd_are_decoded_too() {
    for (encoding, name) in [("br", "counting.bin.br"), ("zstd", "counting.bin.zst")] {
        let json = model_json(&[("w", &counting())], true);
        let server = Server::start(move |exchange| match exchange.target.as_str() {
            "/model.json" => exchange.answer(200, &[], json.as_bytes()),
            _ => exchange.answer(200, &[("content-encoding", encoding)], &fixture(name)),
        });
        assert!(load(&server.url("/model.json"), quick()).unwrap() == counting(), "{encoding}");
    }
}

#[test]
fn a_compressed_body_is_decoded_no_further_than_the_manifest_says() {
    for length in [399, 401, 100 << 20] {
        let json = model_json(&[("w.bin", &noise(400, 1))], false);
        let bomb = gzip(&vec![0; length]);
        let server = Server::start(move |exchange| match exchange.target.as_str() {
            "/model.json" => exchange.answer(200, &[], json.as_bytes()),
            _ => exchange.answer(200, &[("content-encoding", "gzip")], &bomb),
        });
        for load in [load, load_stream] {
            let error = load(&server.url("/model.json"), quick()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{length}: {error}");
            assert!(error.to_string().contains("w.bin"), "{length}: {error}");
        }
    }
    // A model file as well.
    let bomb = gzip(&vec![b' '; 50 << 20]);
    let server =
        Server::start(move |exchange| exchange.answer(200, &[("content-encoding", "gzip")], &bomb));
    let http = quick().with_max_json_bytes(1 << 20);
    let error = load(&server.url("/model.json"), http).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    assert!(error.to_string().contains("more than 1048576 bytes"), "{error}");
}

#[test]
fn a_compressed_body_that_is_cut_starts_again() {
    let bytes = noise(100_000, 1);
    for integrity in [true, false] {
        let json = model_json(&[("w.bin", &bytes)], integrity);
        let coded = gzip(&bytes);
        let server = Server::start(move |exchange| {
            let headers = [("content-encoding", "gzip"), ("etag", "\"g\"")];
            match exchange.target.as_str() {
                "/model.json" => exchange.answer(200, &[], json.as_bytes()),
                _ if exchange.nth < 2 => {
                    exchange.cut(&headers, &coded, 40_000 * (exchange.nth + 1))
                }
                _ => {
                    assert_eq!(exchange.header("range"), None);
                    exchange.answer(200, &headers, &coded)
                }
            }
        });
        assert!(load_stream(&server.url("/model.json"), quick()).unwrap() == bytes);
    }
}

#[test]
fn a_compressed_body_that_is_none_is_refused() {
    let (bytes, other) = (noise(400, 1), noise(400, 2));
    let mut flipped = gzip(&bytes);
    let crc = flipped.len() - 6;
    flipped[crc] ^= 1;
    let whole = gzip(&bytes);
    for (encoding, body, kind, says) in [
        ("gzip", bytes.clone(), ErrorKind::Corrupt, "cannot be decoded"),
        ("gzip", Vec::new(), ErrorKind::Corrupt, "cannot be decoded"),
        ("gzip", flipped, ErrorKind::Corrupt, "cannot be decoded"),
        ("gzip", whole[..whole.len() - 20].to_vec(), ErrorKind::Corrupt, "cannot be decoded"),
        ("gzip, gzip", gzip(&other), ErrorKind::Corrupt, "cannot be decoded"),
        ("compress", bytes.clone(), ErrorKind::Unsupported, "the coding `compress`"),
        ("gzip,gzip,gzip,gzip", bytes.clone(), ErrorKind::Corrupt, "again and again"),
    ] {
        let json = model_json(&[("w.bin", &bytes)], false);
        let server = Server::start(move |exchange| match exchange.target.as_str() {
            "/model.json" => exchange.answer(200, &[], json.as_bytes()),
            _ => exchange.answer(200, &[("content-encoding", encoding)], &body),
        });
        for load in [load, load_stream] {
            let error = load(&server.url("/model.json"), quick()).unwrap_err();
            assert_eq!(error.kind(), kind, "{encoding}: {error}");
            let text = error.to_string();
            assert!(text.contains(says) && text.contains("w.bin"), "{text}");
        }
    }
}
