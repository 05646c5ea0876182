//! What connections go through: certificates of an own authority, and proxies.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
};

use futures::executor::block_on;
use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl};
use io_object_store::aws::REGISTRATION;

const MISSING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Reads up to the end of a head.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Calls `serve` with each connection to a port of its own.
fn listen(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

fn load(settings: &[(&str, &str)]) -> Error {
    let mut options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("anonymous", "true")
        .with_setting("max_retries", "0");
    for (name, value) in settings {
        options = options.with_setting(*name, *value);
    }
    let url = ModelUrl::parse("s3://bucket/m").unwrap();
    match (REGISTRATION.open)(&url, &options) {
        Ok(handler) => block_on(handler.load()).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn certificates_of_an_own_authority_are_trusted_when_named() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let port = listen(move |stream| {
        let session = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, stream);
        if !head(&mut stream).is_empty() {
            let _ = stream.write_all(MISSING);
            let _ = stream.flush();
        }
    });
    let endpoint = format!("https://localhost:{port}");
    let error = load(&[("endpoint", &endpoint)]);
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let path = file.path().to_str().unwrap();
    for name in ["ca_certificates", "ca-certificates", "root-certificates"] {
        let error = load(&[("endpoint", &endpoint), (name, path)]);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    }
}

#[test]
fn requests_go_through_the_proxy_that_is_named() {
    let (send, receive) = mpsc::channel();
    let port = listen(move |mut stream| {
        let _ = send.send(head(&mut stream));
        let _ = stream.write_all(MISSING);
    });
    for (name, proxy) in [
        ("proxy", format!("http://user:secret@127.0.0.1:{port}\n")),
        ("proxy_url", format!("127.0.0.1:{port}")),
    ] {
        let error =
            load(&[("endpoint", "http://store.invalid"), ("allow_http", "true"), (name, &proxy)]);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
        let asked = receive.recv().unwrap();
        assert!(asked.starts_with("GET http://store.invalid/bucket/m/model.json "), "{asked}");
        assert_eq!(asked.contains("proxy-authorization: "), proxy.contains("secret"), "{asked}");
    }
    // Nobody listens there any more, nor is there such a host.
    let error =
        load(&[("endpoint", "http://store.invalid"), ("allow_http", "true"), ("proxy", "none")]);
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    let error = load(&[("proxy", "ftp://user:secret@127.0.0.1:1")]);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}
