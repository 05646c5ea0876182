//! Everything that can happen to an answer on its way: a right model or a typed error, in time.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{
    io,
    thread::sleep,
    time::{Duration, Instant},
};

use io_core::{Error, ErrorKind, IOHandler};
use support::{
    load, load_stream, model_json, noise, quick,
    server::{Exchange, Server},
};

const ETAG: &str = "\"one\"";

/// A whole answer as bytes, its head included.
fn raw(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 X\r\netag: {ETAG}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The first answer for each target ends before the byte that the query names, wherever that is.
#[test]
fn a_connection_that_ends_at_any_byte_is_mended() {
    for integrity in [true, false] {
        let weights = noise(400, 3);
        let json = model_json(&[("w", &weights)], integrity).into_bytes();
        let most = raw(&json).len().max(raw(&weights).len());
        let expected = weights.clone();
        let server = Server::start(move |exchange| {
            let (path, at) = exchange.target.split_once("?at=").unwrap();
            let body = if path == "/model.json" { &json } else { &weights };
            let whole = raw(body);
            let at: usize = at.parse().unwrap();
            if exchange.method == "GET" && exchange.nth == 0 && at < whole.len() {
                exchange.write(&whole[..at])?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            exchange.file(ETAG, body)
        });
        for at in 0..most {
            let url = server.url(&format!("/model.json?at={at}"));
            let load = if at % 2 == 0 { load } else { load_stream };
            assert_eq!(load(&url, quick()).unwrap(), expected, "{at} {integrity}");
        }
    }
}

/// A model of one weight file of 400 bytes, which is answered by `weights`.
fn with_weights(
    weights: impl Fn(&mut Exchange<'_>, &[u8]) -> io::Result<()> + Send + Sync + 'static,
) -> Server {
    let bytes = noise(400, 5);
    let json = model_json(&[("shard7", &bytes)], true);
    Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        _ => weights(exchange, &bytes),
    })
}

/// What both ways of reading say, which is the same and names the file.
fn failure(server: &Server) -> Error {
    let url = server.url("/model.json");
    let (whole, streamed) =
        (load(&url, quick()).unwrap_err(), load_stream(&url, quick()).unwrap_err());
    assert_eq!(whole.kind(), streamed.kind());
    for error in [&whole, &streamed] {
        assert_eq!(error.url(), Some(url.as_str()));
        let text = error.to_string();
        assert!(text.contains("shard7") && text.contains(&url), "{text}");
    }
    whole
}

#[test]
fn a_length_that_is_not_that_of_the_file_is_refused() {
    for wrong in [399, 401, 4_000_000] {
        let server = with_weights(move |exchange, bytes| {
            exchange.head(200, &[], wrong)?;
            exchange.write(&bytes[..wrong.min(bytes.len())])?;
            Err(io::ErrorKind::ConnectionReset.into())
        });
        let error = failure(&server);
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains(&format!("{wrong} bytes instead of 400")), "{error}");
    }
}

#[test]
fn a_body_that_is_compressed_unasked_is_refused_whole_or_cut() {
    for cut in [false, true] {
        let server = with_weights(move |exchange, bytes| {
            assert_eq!(exchange.header("accept-encoding"), Some("identity"));
            let gzip = [("content-encoding", "gzip")];
            if cut { exchange.cut(&gzip, bytes, 100) } else { exchange.answer(200, &gzip, bytes) }
        });
        let error = failure(&server);
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("compressed"), "{error}");
    }
}

#[test]
fn redirects_that_never_end_are_given_up() {
    let server = Server::start(|exchange| {
        let location = if exchange.target == "/a" { "/b" } else { "/a" };
        exchange.answer(302, &[("location", location)], b"")
    });
    let url = server.url("/a");
    let error = load(&url, quick()).unwrap_err();
    assert_eq!((error.kind(), error.url()), (ErrorKind::Network, Some(url.as_str())));
    assert!(error.to_string().contains("redirects in a circle"), "{error}");
    assert!(error.to_string().contains(&url), "{error}");
    assert_eq!(server.log().len(), 11);
}

#[test]
fn a_weight_file_that_redirects_without_end_is_named() {
    let server = with_weights(|exchange, _| {
        let location = if exchange.target == "/shard7" { "/b/shard7" } else { "/shard7" };
        exchange.answer(302, &[("location", location)], b"")
    });
    let error = failure(&server);
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("redirects in a circle"), "{error}");
}

/// Between two ranges of it, where there is no checksum and where there is one.
#[test]
fn a_weight_file_that_changes_under_its_reader_is_named() {
    for integrity in [true, false] {
        for same_length in [true, false] {
            let (old, new) = (noise(400, 5), noise(if same_length { 400 } else { 404 }, 6));
            let json = model_json(&[("shard7", &old)], integrity);
            let server = Server::start(move |exchange| {
                if exchange.target == "/model.json" {
                    return exchange.answer(200, &[], json.as_bytes());
                }
                // Each reader gets the beginning of the old file, and then the new one.
                if exchange.header("range").is_none() && exchange.method == "GET" {
                    exchange.cut(&[("etag", ETAG)], &old, 100)
                } else {
                    exchange.file("\"two\"", &new)
                }
            });
            let error = failure(&server);
            let kinds = [ErrorKind::Conflict, ErrorKind::Corrupt];
            assert!(kinds.contains(&error.kind()), "{integrity} {same_length}: {error}");
        }
    }
}

#[test]
fn a_server_that_stays_busy_is_given_up_and_its_wish_is_told() {
    let nothing: &[(&str, &str)] = &[];
    for (status, headers, kind, requests) in [
        (503, nothing, ErrorKind::Network, 3),
        (429, nothing, ErrorKind::Network, 3),
        (503, &[("retry-after", "0")], ErrorKind::Network, 3),
        (429, &[("retry-after", "never")], ErrorKind::Network, 3),
        // More than anybody would wait for.
        (503, &[("retry-after", "86400")], ErrorKind::Network, 1),
        (504, nothing, ErrorKind::Timeout, 3),
        (500, nothing, ErrorKind::Network, 3),
        (501, nothing, ErrorKind::Unsupported, 1),
        (418, nothing, ErrorKind::Unexpected, 1),
    ] {
        let server = Server::start(move |exchange| exchange.answer(status, headers, b"busy"));
        let error = load(&server.url("/m"), quick().with_retries(2)).unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(server.log().len(), requests, "{status} {headers:?}");
        let wish = headers.iter().any(|(_, value)| *value == "86400");
        assert_eq!(error.hint().is_some_and(|hint| hint.contains("86400")), wish, "{error:?}");
    }
}

#[test]
fn what_a_server_of_ours_says_is_told_and_counts() {
    for (status, kind, message, expected, requests) in [
        (500, "Corrupt", "the stored model `m` is damaged", ErrorKind::Corrupt, 1),
        (400, "InvalidInput", "names that end so are reserved", ErrorKind::InvalidInput, 1),
        (403, "PermissionDenied", "this token is for reading", ErrorKind::PermissionDenied, 1),
        (502, "Network", "the store cannot be reached", ErrorKind::Network, 3),
    ] {
        let json = format!(r#"{{"error":{{"kind":"{kind}","message":"{message}\u001b[1m"}}}}"#);
        let headers = [("content-type", "application/json")];
        let server = Server::start(move |exchange| {
            let _ = exchange.body()?;
            exchange.answer(status, &headers, json.as_bytes())
        });
        let url = server.url("/models/m/model.json");
        let options = || quick().with_retries(2).with_method("PUT");
        let saved = support::handler(&url, options());
        let saved = futures::executor::block_on(saved.save(support::model(vec![1; 4])));
        for error in [load(&url, options()).unwrap_err(), saved.unwrap_err()] {
            assert_eq!(error.kind(), expected, "{error}");
            let told = error.to_string();
            assert!(told.contains(message) && told.contains(&status.to_string()), "{told}");
            assert!(!told.contains('\u{1b}'), "{told}");
        }
        assert_eq!(server.log().len(), 2 * requests, "{status}");
    }
    // What is no such object, or longer than any, is not looked into.
    for body in [r#"{"error":"no"}"#.to_owned(), format!(r#"{{"x":"{}"}}"#, "x".repeat(1 << 20))] {
        let headers = [("content-type", "application/json")];
        let server = Server::start(move |exchange| exchange.answer(404, &headers, body.as_bytes()));
        let error = load(&server.url("/m"), quick()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

/// A byte now and then is no silence; only the time of the whole ends it.
#[test]
fn a_server_that_drips_ends_with_the_time_of_the_whole() {
    let server = with_weights(|exchange, bytes| {
        exchange.head(200, &[], bytes.len())?;
        for byte in bytes {
            exchange.write(&[*byte])?;
            sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    for load in [load, load_stream] {
        let begun = Instant::now();
        let limit = Duration::from_millis(400);
        let error = load(&server.url("/model.json"), quick().with_timeout(limit)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        // Once for the model file, once for the weights.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_weight_url_may_take_its_time_or_fail() {
    let bytes = noise(400, 5);
    let json = model_json(&[("w", &bytes)], true);
    let expected = bytes.clone();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/model.json" => exchange.answer(200, &[], json.as_bytes()),
        "/signed/w?s=1" => exchange.answer(200, &[], &bytes),
        _ => exchange.answer(404, &[], b""),
    });
    let signed = quick().with_async_weight_url(|path| {
        let path = path.to_owned();
        async move {
            // Another task, as asking another server would be.
            let (tell, told) = futures::channel::oneshot::channel();
            std::thread::spawn(move || tell.send(format!("signed/{path}?s=1")));
            Ok(told.await.unwrap())
        }
    });
    assert_eq!(load(&server.url("/model.json"), signed).unwrap(), expected);
    let refusing = quick().with_async_weight_url(|_| async {
        Err(Error::new(ErrorKind::PermissionDenied, "no URL for you"))
    });
    let error = load(&server.url("/model.json"), refusing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}
