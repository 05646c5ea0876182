//! Loads that go well: layouts, ranges, queries, redirects, servers with habits.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use futures::{TryStreamExt, executor::block_on};
use io_core::IOHandler;
use sha2::{Digest, Sha256};
use support::{handler, load, load_stream, model_json, noise, quick, server::Server};

const ETAG: &str = "\"v1\"";

/// Serves these files, whatever the query.
fn serving(files: Vec<(&'static str, Vec<u8>)>) -> Server {
    Server::start(move |exchange| {
        let path = exchange.target.split('?').next().unwrap().to_owned();
        match files.iter().find(|(name, _)| *name == path) {
            Some((_, bytes)) => exchange.file(ETAG, bytes),
            None => exchange.answer(404, &[], b"no"),
        }
    })
}

#[test]
fn shards_come_in_their_order_by_every_way_of_reading() {
    let shards: Vec<Vec<u8>> = (0..9).map(|n| noise(4_000 + n * 40, n as u64 + 1)).collect();
    let names: Vec<String> = (0..9).map(|n| format!("d/s{n}.bin")).collect();
    let whole = shards.concat();
    for integrity in [false, true] {
        let listed: Vec<(&str, &[u8])> =
            names.iter().zip(&shards).map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        let json = model_json(&listed, integrity);
        let shards = shards.clone();
        let server = Server::start(move |exchange| {
            if exchange.target == "/m/model.json" {
                return exchange.file(ETAG, json.as_bytes());
            }
            let number = exchange.target.strip_prefix("/m/d/s").unwrap()[..1].parse::<usize>();
            exchange.file(ETAG, &shards[number.unwrap()])
        });
        let url = server.url("/m/model.json");
        for parallel in [1, 2, 6] {
            let http = quick().with_parallel(NonZeroUsize::new(parallel).unwrap());
            assert!(load(&url, http.clone()).unwrap() == whole);
            assert!(load_stream(&url, http.clone()).unwrap() == whole);
            let weights = block_on(handler(&url, http).load()).unwrap().weight_data.unwrap();
            for own in [0..0, 0..1, 3_999..4_001, 5_000..30_000, 37_000..37_440_usize] {
                let range = own.start as u64..own.end as u64;
                let pieces: Vec<bytes::Bytes> =
                    block_on(weights.stream_range(range).try_collect()).unwrap();
                assert!(pieces.concat() == whole[own.clone()], "{own:?}");
            }
        }
    }
}

#[test]
fn one_file_whose_length_the_specs_tell_is_not_asked_for() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin", &bytes)], true).into_bytes();
    let server = serving(vec![("/model.json", json), ("/w.bin", bytes.clone())]);
    assert_eq!(load(&server.url("/model.json?k=1"), quick()).unwrap(), bytes);
    // Its checksum says that it belongs to the model: nothing more to ask.
    assert_eq!(server.log(), ["GET /model.json?k=1", "GET /w.bin?k=1"]);
}

#[test]
fn servers_that_ignore_ranges_or_say_no_length_are_read_all_the_same() {
    let files = [noise(4_000, 1), noise(2_000, 2)];
    let json = model_json(&[("a", &files[0]), ("b", &files[1])], false);
    let whole = files.concat();
    for chunked in [false, true] {
        let (json, files) = (json.clone(), files.clone());
        let server = Server::start(move |exchange| {
            let body = match exchange.target.as_str() {
                "/model.json" => json.as_bytes(),
                "/a" => &files[0],
                _ => &files[1],
            };
            if exchange.method == "HEAD" {
                return exchange.answer(405, &[], b"");
            }
            if !chunked {
                return exchange.answer(200, &[], body);
            }
            exchange.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")?;
            for piece in body.chunks(999) {
                exchange.write(format!("{:x}\r\n", piece.len()).as_bytes())?;
                exchange.write(piece)?;
                exchange.write(b"\r\n")?;
            }
            exchange.write(b"0\r\n\r\n")
        });
        let url = server.url("/model.json");
        assert!(load(&url, quick()).unwrap() == whole);
        assert!(load_stream(&url, quick()).unwrap() == whole);
        let weights = block_on(handler(&url, quick()).load()).unwrap().weight_data.unwrap();
        let pieces: Vec<bytes::Bytes> =
            block_on(weights.stream_range(3_000..5_000).try_collect()).unwrap();
        assert!(pieces.concat() == whole[3_000..5_000]);
    }
}

#[test]
fn prefix_function_and_hub_lead_to_the_weights() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin", &bytes)], false).into_bytes();
    let server = serving(vec![
        ("/m/model.json", json),
        ("/m/w.bin", bytes.clone()),
        ("/alt/w.bin", bytes.clone()),
        ("/fn/w.bin", bytes.clone()),
    ]);
    let url = server.url("/m/model.json?x=1");
    let origin = server.origin();
    for (url, http, target) in [
        (url.clone(), quick(), "GET /m/w.bin?x=1"),
        (url.clone(), quick().with_weight_path_prefix("/alt"), "GET /alt/w.bin?x=1"),
        (url, quick().with_weight_url(move |path| format!("{origin}/fn/{path}")), "GET /fn/w.bin"),
        (server.url("/m"), quick().with_from_tfhub(true), "GET /m/w.bin?tfjs-format=file"),
    ] {
        assert_eq!(load(&url, http).unwrap(), bytes);
        assert!(server.log().iter().any(|entry| entry == target), "{:?}", server.log());
    }
}

#[test]
fn redirects_are_followed_and_weights_are_beside_the_first_url() {
    let bytes = noise(400, 1);
    let json = model_json(&[("w.bin", &bytes)], false);
    let copy = bytes.clone();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/m/model.json" => exchange.answer(302, &[("location", "/blobs/1?sig=x")], b""),
        "/blobs/1?sig=x" => exchange.file(ETAG, json.as_bytes()),
        "/m/w.bin" => exchange.answer(307, &[("location", "../blobs/2")], b""),
        "/blobs/2" => exchange.file(ETAG, &copy),
        "/circle" => exchange.answer(301, &[("location", "/circle")], b""),
        _ => exchange.answer(404, &[], b""),
    });
    assert_eq!(load(&server.url("/m/model.json"), quick()).unwrap(), bytes);
    let error = load(&server.url("/circle"), quick()).unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
    assert_eq!(server.log().iter().filter(|entry| entry.ends_with("/circle")).count(), 11);
}

/// Real models, by the digests that came with them.
#[test]
fn fixtures_load_with_their_digests() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let root: PathBuf = fixtures.clone();
    let server = Server::start(move |exchange| {
        match fs::read(root.join(exchange.target.trim_start_matches('/'))) {
            Ok(bytes) => exchange.file(ETAG, &bytes),
            Err(_) => exchange.answer(404, &[], b""),
        }
    });
    for fixture in ["k2-sharded", "w-dtypes", "g-dtypes", "js-unequal-shards"] {
        let text = fs::read_to_string(fixtures.join(fixture).join("expected.json")).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut compared = 0;
        for artifact in expected["artifacts"].as_object().unwrap().values() {
            let Some(path) = artifact["path"].as_str().filter(|path| path.ends_with(".json"))
            else {
                continue;
            };
            let url = server.url(&format!("/{fixture}/{path}"));
            let loaded = block_on(handler(&url, quick()).load()).unwrap();
            let specs = loaded.weight_specs.clone().unwrap();
            let weights = block_on(loaded.weight_data.unwrap().read()).unwrap();
            let mut found = std::collections::BTreeMap::new();
            for tensor in io_manifest::tensors(&specs, weights.parts().unwrap()) {
                let tensor = tensor.unwrap();
                let digest = Sha256::digest(tensor.decode().unwrap());
                let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                found.insert(tensor.spec.name.clone(), digest);
            }
            for weight in artifact["weights"].as_array().unwrap() {
                assert_eq!(found[weight["name"].as_str().unwrap()], weight["sha256"], "{weight}");
                compared += 1;
            }
        }
        assert!(compared > 0, "{fixture}");
    }
}

/// The server speaks no TLS, and nothing falls over on the way to that.
#[test]
fn https_is_really_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/model.json", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = listener.accept().unwrap().0;
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let error = load(&url, quick()).unwrap_err();
    assert_eq!(error.kind(), io_core::ErrorKind::Network, "{error:?}");
    // It would not get better.
    assert!(error.to_string().contains("no trusted connection"), "{error:?}");
    assert!(!error.is_retryable());
}

#[test]
fn a_bare_manifest_loads_with_its_weights() {
    let manifest =
        br#"[{"paths":["tiny-shard1"],"weights":[{"name":"w","shape":[4],"dtype":"uint8"}]}]"#;
    let server = serving(vec![
        ("/face/tiny-weights_manifest.json", manifest.to_vec()),
        ("/face/tiny-shard1", b"abcd".to_vec()),
    ]);
    let loaded = load(&server.url("/face/tiny-weights_manifest.json"), quick()).unwrap();
    assert!(loaded == b"abcd");
}
