//! A server whose certificate a private authority has signed.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use io_core::{ErrorKind, HandlerOptions};
use io_http::HttpOptions;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use support::{load, quick};

/// The PEM of an authority, and the URL of a model on a server that it has certified.
fn start() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);

    let own = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let signed = CertificateParams::new(names).unwrap().signed_by(&own, &issuer).unwrap();
    let own = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], own)
        .unwrap();
    let config = Arc::new(config);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/model.json", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { break };
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(connection, stream));
            let mut line = String::new();
            // A client that does not trust us ends the connection here.
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let body = br#"{"modelTopology":{"a":1}}"#;
            let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = reader.get_mut().write_all(&[head.as_bytes(), body].concat());
            let _ = reader.get_mut().flush();
        }
    });
    (authority, url)
}

#[test]
fn is_trusted_with_its_authority_and_not_without() {
    let (authority, url) = start();
    let (stranger, _) = start();
    load(&url, quick().with_root_certificates(authority.clone())).unwrap();
    // Two in one text, and two texts.
    let both = quick().with_root_certificates(format!("{stranger}\n{authority}"));
    load(&url, both).unwrap();
    let each = quick().with_root_certificates(stranger.clone()).with_root_certificates(authority);
    load(&url, each).unwrap();
    for distrusting in [quick(), quick().with_root_certificates(stranger)] {
        let error = load(&url, distrusting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
        assert!(error.to_string().contains("no trusted connection"), "{error:?}");
        assert!(!error.is_retryable());
    }
}

#[test]
fn can_be_set_by_the_path_of_its_authority() {
    let (authority, url) = start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority).unwrap();
    let options = HandlerOptions::new()
        .with_setting("root-certificates", file.path().to_str().unwrap())
        .with_setting("retries", "0");
    load(&url, HttpOptions::from_settings(&options).unwrap()).unwrap();
}

#[test]
fn what_is_no_certificate_is_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "hello", broken] {
        let error = load("http://127.0.0.1:9/m", quick().with_root_certificates(pem)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{pem}");
    }
}
