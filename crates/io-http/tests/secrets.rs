//! Credentials reach their origin, no other one, and no error.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::sync::{Arc, Mutex};

use io_http::{HttpOptions, ProxyChoice};
use support::{handler, load, model, model_json, noise, quick, server::Server, told};

const SECRET: &str = "hunter2";

/// Serves the weights; keeps what it saw of secrets.
fn elsewhere(bytes: Vec<u8>) -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = seen.clone();
    let server = Server::start(move |exchange| {
        let headers = exchange.headers.iter().filter(|(_, value)| value.contains(SECRET));
        told.lock().unwrap().extend(headers.map(|(name, _)| name.clone()));
        if exchange.target.contains(SECRET) {
            told.lock().unwrap().push(exchange.target.clone());
        }
        exchange.file("\"w\"", &bytes)
    });
    (server, seen)
}

fn secretive() -> HttpOptions {
    quick()
        .with_token(SECRET)
        .with_header("Cookie", format!("session={SECRET}"))
        .with_header("X-Api-Key", SECRET)
}

#[test]
fn they_go_to_the_model_and_its_weights_but_not_elsewhere() {
    let bytes = noise(400, 1);
    let (other, seen) = elsewhere(bytes.clone());
    let json = model_json(&[("w.bin", &bytes)], true);
    let (cdn, own) = (other.origin(), bytes.clone());
    let server = Server::start(move |exchange| {
        let all = exchange.header("authorization") == Some(&format!("Bearer {SECRET}"))
            && exchange.header("cookie").is_some()
            && exchange.header("x-api-key") == Some(SECRET);
        match exchange.target.split('?').next().unwrap() {
            _ if !all => exchange.answer(401, &[], b""),
            "/home/model.json" | "/away/model.json" => exchange.answer(200, &[], json.as_bytes()),
            "/home/w.bin" => exchange.file("\"w\"", &own),
            _ => {
                let location = format!("{cdn}/w.bin");
                exchange.answer(302, &[("location", &location)], b"")
            }
        }
    });
    let url = |path: &str| server.url(&format!("{path}?sig={SECRET}"));
    assert_eq!(load(&url("/home/model.json"), secretive()).unwrap(), bytes);
    // By a redirect, by a prefix, by a function.
    assert_eq!(load(&url("/away/model.json"), secretive()).unwrap(), bytes);
    let prefix = secretive().with_weight_path_prefix(other.origin());
    assert_eq!(load(&url("/home/model.json"), prefix).unwrap(), bytes);
    let origin = other.origin();
    let function = secretive().with_weight_url(move |path| format!("{origin}/{path}"));
    assert_eq!(load(&url("/home/model.json"), function).unwrap(), bytes);
    assert_eq!(other.log().len(), 3);
    assert!(seen.lock().unwrap().is_empty(), "{:?}", seen.lock().unwrap());
    // Unless told to.
    let trusting = secretive().with_trusted_origin(other.origin());
    assert_eq!(load(&url("/away/model.json"), trusting).unwrap(), bytes);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn a_way_back_through_a_stranger_is_not_trusted() {
    let home: Arc<Mutex<String>> = Arc::default();
    let back = home.clone();
    let stranger = Server::start(move |exchange| {
        let location = format!("{}/private", back.lock().unwrap());
        exchange.answer(302, &[("location", &location)], b"")
    });
    let away = stranger.origin();
    let server = Server::start(move |exchange| match exchange.target.as_str() {
        "/private" => {
            assert_eq!(exchange.header("authorization"), None);
            exchange.answer(401, &[], b"")
        }
        _ => exchange.answer(302, &[("location", &away)], b""),
    });
    *home.lock().unwrap() = server.origin();
    let error = load(&server.url("/model.json"), secretive()).unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
}

#[test]
fn user_information_is_sent_and_not_told() {
    let server = Server::start(|exchange| {
        let sent = exchange.header("authorization") == Some("Basic dXNlcjpodW50ZXIy");
        exchange.answer(if sent { 404 } else { 401 }, &[], b"")
    });
    let url = server.url("/model.json").replace("http://", &format!("http://user:{SECRET}@"));
    let error = load(&url, quick()).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    assert!(!told(&error).contains(SECRET));
}

#[test]
fn no_failure_tells_them() {
    use futures::executor::block_on;
    use io_core::IOHandler;
    let bytes = noise(400, 1);
    // The server repeats what it got, as some do, and the weight path has a signature.
    let path = format!("w.bin?sig={SECRET}");
    let json = model_json(&[(&path, &bytes)], true);
    for fault in 0..6 {
        let json = json.clone();
        let server = Server::start(move |exchange| {
            let echo = format!("{:?}", exchange.headers);
            let away = [("location", "http://u:hunter2@127.0.0.1:1/x?sig=hunter2")];
            if exchange.method == "POST" {
                return exchange.answer(302, &away, echo.as_bytes());
            }
            match (fault, exchange.target.contains("model.json")) {
                (0, true) => exchange.answer(403, &[("x-why", SECRET)], echo.as_bytes()),
                (1, true) => exchange.cut(&[], json.as_bytes(), 20),
                (2, true) => exchange.answer(302, &away, b""),
                (_, true) => exchange.answer(200, &[], json.as_bytes()),
                (3, _) => exchange.answer(404, &[], echo.as_bytes()),
                (4, _) => exchange.cut(&[], &[0; 400], 3),
                _ => exchange.answer(200, &[], &[0; 400]),
            }
        });
        let url = server.url(&format!("/model.json?X-Amz-Signature={SECRET}"));
        let url = url.replace("http://", &format!("http://user:{SECRET}@"));
        let http = secretive().with_retries(1);
        let handler = handler(&url, http.clone());
        let errors = [
            load(&url, http.clone()).unwrap_err(),
            block_on(handler.save(model(bytes.clone()))).unwrap_err(),
        ];
        for error in errors {
            assert!(!told(&error).contains(SECRET), "{fault}: {}", told(&error));
        }
        assert!(!format!("{handler:?}{http:?}").contains(SECRET));
    }
    for proxy in [format!("http://u:{SECRET}@127.0.0.1:1"), format!("no{SECRET}://x y")] {
        let http = quick().with_retries(0).with_proxy(ProxyChoice::Url(proxy));
        let error = load("http://127.0.0.1:1/model.json", http).unwrap_err();
        assert!(!told(&error).contains(SECRET), "{}", told(&error));
    }
}
