//! What is not a model, or not its weights, is refused and named.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use io_core::ErrorKind;
use support::{load, load_stream, model_json, noise, quick, server::Server};

/// The error of a model whose weight file `w.bin`, 400 bytes long, is answered like this.
fn broken(
    integrity: bool,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
) -> [io_core::Error; 2] {
    let json = model_json(&[("w.bin", &noise(400, 1))], integrity);
    let server = Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            exchange.answer(200, &[], json.as_bytes())
        } else {
            exchange.answer(status, headers, &body)
        }
    });
    let url = server.url("/model.json");
    let http = quick().with_retries(1);
    [load(&url, http.clone()).unwrap_err(), load_stream(&url, http).unwrap_err()]
}

fn padded(text: &str) -> Vec<u8> {
    let mut page = text.as_bytes().to_vec();
    page.resize(400, b' ');
    page
}

#[test]
fn anything_in_place_of_weights_is_refused_and_named() {
    const HTML: &[(&str, &str)] = &[("content-type", "text/html; charset=utf-8")];
    let page = "<!DOCTYPE html><title>Not found</title>";
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 400\n";
    for (integrity, status, headers, body, kind, says) in [
        // A page of exactly the right length, which TensorFlow.js loads as weights.
        (false, 404, HTML, padded(page), ErrorKind::NotFound, "404"),
        (false, 200, HTML, padded(page), ErrorKind::Corrupt, "an HTML page in place of weights"),
        (false, 200, HTML, page.into(), ErrorKind::Corrupt, "looks like an HTML page"),
        (false, 200, &[], pointer.into(), ErrorKind::Corrupt, "looks like a Git LFS pointer"),
        (false, 200, &[], padded(pointer), ErrorKind::Corrupt, "is a Git LFS pointer"),
        (false, 200, &[], Vec::new(), ErrorKind::Corrupt, "has 0 bytes instead of 400"),
        (false, 200, &[], noise(399, 1), ErrorKind::Corrupt, "has 399 bytes instead of 400"),
        (false, 200, &[], noise(401, 1), ErrorKind::Corrupt, "has 401 bytes instead of 400"),
        (true, 200, &[], noise(400, 2), ErrorKind::Corrupt, "fails its checksum"),
        (true, 200, &[], noise(404, 2), ErrorKind::Corrupt, "404 bytes instead of 400"),
        (
            false,
            200,
            &[("content-encoding", "gzip")],
            noise(400, 1),
            ErrorKind::Corrupt,
            "compress",
        ),
        (
            false,
            206,
            &[("content-range", "bytes 0-399/500")],
            noise(400, 1),
            ErrorKind::Corrupt,
            "in part",
        ),
        (false, 204, &[], Vec::new(), ErrorKind::Unexpected, "204"),
        (false, 401, &[], Vec::new(), ErrorKind::PermissionDenied, "401 (unauthorized)"),
        (false, 403, &[], Vec::new(), ErrorKind::PermissionDenied, "403"),
        (false, 500, &[], Vec::new(), ErrorKind::Network, "500"),
        (false, 302, &[], Vec::new(), ErrorKind::Unexpected, "302"),
    ] {
        for error in broken(integrity, status, headers, body.clone()) {
            assert_eq!(error.kind(), kind, "{status}: {error}");
            let text = error.to_string();
            assert!(text.contains(says), "{text}");
            assert!(text.contains("w.bin"), "{text}");
            assert_eq!(error.is_retryable(), status == 500, "{text}");
        }
    }
}

#[test]
fn what_is_not_a_model_file_is_refused_and_named() {
    for (path, status, body, kind, says) in [
        ("/model.json", 404, "", ErrorKind::NotFound, "404 (not found)"),
        ("/model.json", 200, "<html>", ErrorKind::Corrupt, "an HTML page in place of a model file"),
        ("/model.json", 200, "{}", ErrorKind::Corrupt, "neither"),
        ("/model.json", 200, "", ErrorKind::Corrupt, ""),
        ("/model.json", 204, "", ErrorKind::Unexpected, "204"),
    ] {
        let server = Server::start(move |exchange| exchange.answer(status, &[], body.as_bytes()));
        let error = load(&server.url(path), quick()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let server = Server::start(|exchange| exchange.answer(404, &[], b""));
    let error = load(&server.url("/models/m"), quick()).unwrap_err();
    assert_eq!(error.hint(), Some("the URL of a model is that of its `model.json`"));
}

#[test]
fn a_chunked_body_of_another_length_is_refused() {
    for length in [399, 401, 0] {
        let json = model_json(&[("w.bin", &noise(400, 1))], false);
        let server = Server::start(move |exchange| {
            if exchange.target == "/model.json" {
                return exchange.answer(200, &[], json.as_bytes());
            }
            exchange.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")?;
            if length > 0 {
                exchange.write(format!("{length:x}\r\n").as_bytes())?;
                exchange.write(&noise(length, 1))?;
                exchange.write(b"\r\n")?;
            }
            exchange.write(b"0\r\n\r\n")
        });
        let url = server.url("/model.json");
        for error in [load(&url, quick()).unwrap_err(), load_stream(&url, quick()).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{length}: {error}");
            assert!(error.to_string().contains("instead of 400"), "{error}");
        }
    }
}

#[test]
fn paths_that_leave_the_model_are_refused_before_anything_is_asked() {
    for path in ["%2e%2e/w.bin", "a/..%2fw.bin"] {
        let json = model_json(&[(path, &noise(400, 1))], false);
        let server = Server::start(move |exchange| exchange.answer(200, &[], json.as_bytes()));
        let error = load(&server.url("/m/model.json"), quick()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert_eq!(server.log().len(), 1);
    }
}
