//! Many clients, clients that stop, slow clients, and a server that is asked to stop.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use modelport_server::{Limits, ListenOptions, ServerOptions, Tls, Tokens};
use rustls::pki_types::CertificateDer;
use support::{Form, Reply, Site, weights_path};
use tempfile::TempDir;

/// The beginning of an upload of `form`, with `sent` bytes of its body.
fn begin(site: &Site, name: &str, form: &Form, sent: usize) -> TcpStream {
    let mut stream = site.connect();
    let body = form.body();
    let head = format!(
        "PUT /models/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\nContent-Length: {}\r\n\r\n",
        form.content_type(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..sent]).unwrap();
    stream
}

/// Waits until `done`, but not for ever.
fn wait_for(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_uploads_at_once_and_every_tenth_is_cut_off() {
    let mut limits = Limits::new();
    limits.uploads = 300;
    let site = Site::with(ServerOptions::new().with_limits(limits), ListenOptions::new());
    let site = Arc::new(site);
    let threads: Vec<_> = (0..200_u32)
        .map(|number| {
            let site = site.clone();
            thread::spawn(move || {
                // Ten models, each with twenty writers: of any two one wins whole.
                let name = format!("m{}", number % 10);
                let form = Form::model(&number.to_le_bytes().repeat(50_000));
                if number / 10 % 10 == 3 {
                    drop(begin(&site, &name, &form, 100_000));
                    return 0;
                }
                site.put(&name, &form).status
            })
        })
        .collect();
    let statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let saved = statuses.iter().filter(|status| matches!(status, 200 | 201)).count();
    let cut = statuses.iter().filter(|status| **status == 0).count();
    assert_eq!((saved, cut), (180, 20), "{statuses:?}");
    // Ten models of two files, and nothing of those that were cut off.
    wait_for("staging stays", || site.files().len() == 20);
    for model in 0..10 {
        let weights = site.get(&weights_path(&site, &format!("m{model}"))).body;
        let first: [u8; 4] = weights[..4].try_into().unwrap();
        assert!(weights == first.repeat(50_000), "model {model} is torn");
        assert_eq!(u32::from_le_bytes(first) % 10, model);
    }
}

#[test]
fn a_sender_that_is_silent_or_too_slow_is_cut_off() {
    let mut limits = Limits::new();
    limits.idle = Duration::from_millis(300);
    limits.min_bytes_per_second = 1 << 20;
    let site = Site::with(ServerOptions::new().with_limits(limits), ListenOptions::new());
    let form = Form::model(&[1; 40_000]);

    let start = Instant::now();
    let reply = Reply::read(&mut begin(&site, "silent", &form, 20_000));
    assert_eq!((reply.status, reply.kind().as_str()), (408, "Timeout"));
    assert!(start.elapsed() < Duration::from_secs(10));

    // Never silent for long, and yet it would take for ever.
    let mut stream = begin(&site, "slow", &form, 20_000);
    let body = form.body();
    let start = Instant::now();
    for byte in body[20_000..].chunks(1) {
        if stream.write_all(byte).is_err() || start.elapsed() > Duration::from_secs(3) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    drop(stream);
    wait_for("staging stays", || site.files().is_empty());
    let again = site.put("slow", &form);
    assert_eq!(again.status, 201);
}

#[test]
fn headers_that_do_not_end_do_not_hold_a_connection() {
    let mut listen = ListenOptions::new();
    listen.header_timeout = Duration::from_millis(200);
    let site = Site::with(ServerOptions::new(), listen);
    let mut stream = site.connect();
    stream.write_all(b"GET /health HTTP/1.1\r\nX: ").unwrap();
    let start = Instant::now();
    let mut rest = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    assert!(start.elapsed() < Duration::from_secs(10), "{rest:?}");
}

#[test]
fn too_many_uploads_are_asked_to_come_again() {
    let mut limits = Limits::new();
    limits.uploads = 1;
    let site = Site::with(ServerOptions::new().with_limits(limits), ListenOptions::new());
    let form = Form::model(&[1; 40_000]);
    let first = begin(&site, "a", &form, 20_000);
    wait_for("nothing is staged", || !site.files().is_empty());
    wait_for("the second is not refused", || {
        let reply = site.put("b", &form);
        reply.status == 503 && reply.header("retry-after") == Some("1")
    });
    drop(first);
    wait_for("the place is not free again", || site.put("b", &form).status != 503);
}

/// Reads one answer without a body's end of connection, and leaves the connection open.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"}") {
        if stream.read(&mut byte).unwrap() == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn idle_connections_do_not_shut_others_out() {
    let mut listen = ListenOptions::new();
    listen.connections = 4;
    let site = Site::with(ServerOptions::new(), listen);
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut idle: Vec<_> = (0..4)
        .map(|number| {
            let mut stream = site.connect();
            // One says nothing, one half of a request, the others are kept alive.
            match number {
                0 => {}
                1 => stream.write_all(b"GET /health HTTP/1.1\r\nX: ").unwrap(),
                _ => {
                    stream.write_all(request).unwrap();
                    assert!(read_head(&mut stream).starts_with("HTTP/1.1 200"));
                }
            }
            thread::sleep(Duration::from_millis(20));
            stream
        })
        .collect();
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(site.get("/health").status, 200);
    }
    assert_eq!(site.get("/models").status, 200);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // What was idle longest is closed.
    let oldest = idle.remove(0).read(&mut [0]);
    assert!(matches!(oldest, Ok(0) | Err(_)), "{oldest:?}");
    // What was used last goes on.
    let mut latest = idle.pop().unwrap();
    latest.write_all(request).unwrap();
    assert!(read_head(&mut latest).starts_with("HTTP/1.1 200"));
}

#[test]
fn health_is_answered_while_every_connection_is_busy() {
    let mut listen = ListenOptions::new();
    listen.connections = 2;
    let site = Site::with(ServerOptions::new(), listen);
    let form = Form::model(&[1; 40_000]);
    let busy = ["a", "b"].map(|name| begin(&site, name, &form, 20_000));
    wait_for("nothing is staged", || site.files().len() >= 2);
    let start = Instant::now();
    assert_eq!(site.get("/health").status, 200);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    let refused = site.get("/models");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.kind(), "Busy");

    // A request that waits has the next place.
    thread::scope(|scope| {
        let waiting = scope.spawn(|| site.get("/models").status);
        thread::sleep(Duration::from_millis(200));
        drop(busy);
        assert_eq!(waiting.join().unwrap(), 200);
    });
}

#[test]
fn one_client_cannot_take_all_upload_places() {
    let mut limits = Limits::new();
    limits.uploads = 4;
    let site = Site::with(ServerOptions::new().with_limits(limits), ListenOptions::new());
    let form = Form::model(&[1; 40_000]);
    let slow: Vec<_> =
        ["a", "b", "c"].iter().map(|name| begin(&site, name, &form, 20_000)).collect();
    wait_for("nothing is staged", || site.files().len() >= 3);
    assert_eq!(site.put("d", &form).status, 503);
    // Another address of this machine is another client.
    let other = site.put_from([127, 0, 0, 2], "e", &form);
    assert_eq!(other.status, 201);
    drop(slow);
}

#[test]
fn a_request_of_http_1_1_has_one_host() {
    let site = Site::new();
    for (lines, status) in [
        ("HTTP/1.1\r\nHost: localhost\r\n", 200),
        ("HTTP/1.0\r\n", 200),
        ("HTTP/1.1\r\n", 400),
        ("HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400),
        ("HTTP/1.1\r\nHost: a b\r\n", 400),
    ] {
        let mut stream = site.connect();
        let request = format!("GET /models {lines}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(Reply::read(&mut stream).status, status, "{lines:?}");
    }
}

#[test]
fn a_base_path_is_in_front_of_everything() {
    let options = ServerOptions::new().with_base_path("/ml/v1/").unwrap();
    let site = Site::with(options, ListenOptions::new());
    let form = Form::model(b"abcd");
    let saved = site.send("PUT", "/ml/v1/models/t/m", &[&form.content_type()], &form.body());
    assert_eq!((saved.status, saved.header("location")), (201, Some("./../t/m/model.json")));
    for (path, status) in [
        ("/health", 200),
        ("/ml/v1/health", 200),
        ("/ml/v1/models/t/m/model.json", 200),
        ("/ml/v1/models", 200),
        ("/ml/v1/models/t/m", 308),
        ("/models/t/m/model.json", 404),
        ("/models", 404),
        ("/.well-known/modelport", 404),
        ("/ml/v10/models", 404),
    ] {
        assert_eq!(site.get(path).status, status, "{path}");
    }
    let document = site.get("/ml/v1/.well-known/modelport").json();
    assert_eq!(document["models"], "/ml/v1/models");
    let redirect = site.get("/ml/v1/models/t/m");
    assert_eq!(redirect.header("location"), Some("/ml/v1/models/t/m/model.json"));
}

#[test]
fn certificates_and_tokens_are_replaced_while_the_server_runs() {
    let tokens = Tokens::parse("old-0123456789abcdef").unwrap();
    let options = ServerOptions::new().with_write_tokens(tokens.clone());
    let site = Site::with(options, ListenOptions::new());
    let form = Form::model(b"abcd");
    let put = |token: &str| {
        let lines = [form.content_type(), format!("Authorization: Bearer {token}")];
        site.send("PUT", "/models/m", &[&lines[0], &lines[1]], &form.body()).status
    };
    assert_eq!((put("old-0123456789abcdef"), put("new-0123456789abcdef")), (201, 401));
    tokens.replace(&Tokens::parse("new-0123456789abcdef").unwrap());
    assert_eq!((put("old-0123456789abcdef"), put("new-0123456789abcdef")), (401, 200));
    drop(site);

    let dir = tempfile::tempdir().unwrap();
    let [(first, old), (second, new)] = ["first", "second"].map(|name| certificate(&dir, name));
    let site = Site::with(ServerOptions::new(), ListenOptions::new().with_tls(first.clone()));
    assert_eq!(health_over_tls(&site, &old).unwrap(), 200);
    assert!(health_over_tls(&site, &new).is_err());
    first.replace(&second);
    assert_eq!(health_over_tls(&site, &new).unwrap(), 200);
    assert!(health_over_tls(&site, &old).is_err());
}

#[test]
fn a_server_that_stops_finishes_what_can_be_finished() {
    let mut site = Site::new();
    let form = Form::model(&[7; 40_000]);
    let body = form.body();
    let mut stream = begin(&site, "m", &form, 20_000);
    thread::sleep(Duration::from_millis(200));
    let address = site.address;
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        // Nobody new is let in, but who is there may go on.
        assert!(TcpStream::connect(address).is_err());
        stream.write_all(&body[20_000..]).unwrap();
        Reply::read(&mut stream).status
    });
    assert!(site.stop(), "all were done in time");
    assert_eq!(sender.join().unwrap(), 201);
    assert_eq!(site.files().len(), 2);
}

#[test]
fn a_server_that_stops_undoes_what_cannot() {
    let mut listen = ListenOptions::new();
    listen.grace = Duration::from_millis(200);
    let mut site = Site::with(ServerOptions::new(), listen);
    let form = Form::model(&[7; 4_000_000]);
    let _stream = begin(&site, "m", &form, 3_000_000);
    wait_for("nothing is staged", || !site.files().is_empty());
    let start = Instant::now();
    assert!(!site.stop());
    assert!(start.elapsed() < Duration::from_secs(10));
    wait_for("staging stays", || site.files().is_empty());
}

#[test]
fn tls_with_a_certificate_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let (tls, made) = certificate(&dir, "one");
    let site = Site::with(ServerOptions::new(), ListenOptions::new().with_tls(tls));
    assert_eq!(health_over_tls(&site, &made).unwrap(), 200);

    let [cert, key] = ["one.pem", "one.key"].map(|name| dir.path().join(name));
    assert!(Tls::read_files(&key, &cert).is_err());
    assert!(Tls::read_files(&dir.path().join("none"), &key).is_err());
}

/// A certificate for `localhost` and its key, in files in `dir`.
fn certificate(dir: &TempDir, name: &str) -> (Tls, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [cert, key] = ["pem", "key"].map(|ending| dir.path().join(format!("{name}.{ending}")));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (Tls::read_files(&cert, &key).unwrap(), made.cert.der().clone())
}

/// The status of `/health`, asked by a client that trusts this certificate alone.
fn health_over_tls(site: &Site, trusted: &CertificateDer<'static>) -> std::io::Result<u16> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(client, site.connect());
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    Ok(Reply::read(&mut stream).status)
}
