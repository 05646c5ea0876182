//! Many clients, clients that stop, slow clients, and a server that is asked to stop.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

mod support;

use std::{
    io::Write as _,
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use modelport_server::{Limits, ListenOptions, ServerOptions, Tls};
use support::{Form, Reply, Site, weights_path};

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
    limits.uploads = 256;
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
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls::read_files(&cert, &key).unwrap();
    let site = Site::with(ServerOptions::new(), ListenOptions::new().with_tls(tls));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(client, site.connect());
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(Reply::read(&mut stream).json(), serde_json::json!({"status": "ok"}));

    assert!(Tls::read_files(&key, &cert).is_err());
    assert!(Tls::read_files(&dir.path().join("none"), &key).is_err());
}
