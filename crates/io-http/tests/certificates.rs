//! A server whose certificate a private authority has signed.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use io_core::{ErrorKind, HandlerOptions};
use io_http::HttpOptions;
use support::{load, quick, tls::start};

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
