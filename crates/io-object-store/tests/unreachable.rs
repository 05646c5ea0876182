//! A cloud that does not answer: said soon, as what it is, without a runtime and without a secret.
#![cfg(all(feature = "aws", feature = "azure", feature = "gcp"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::error::Error as _;

use futures::{TryStreamExt, executor::block_on};
use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, Registration};

fn check(registration: &'static Registration, url: &str, settings: &[(&str, &str)]) {
    let url = ModelUrl::parse(url).unwrap();
    let mut options = HandlerOptions::new().with_setting("env", "false");
    options = options.with_setting("max_retries", "0").with_setting("allow_http", "true");
    for (name, value) in settings {
        options = options.with_setting(*name, *value);
    }
    let handler = (registration.open)(&url, &options).unwrap();
    let store = (registration.store.unwrap())(&url, &options).unwrap();
    let errors: [Error; 3] = [
        block_on(handler.load()).unwrap_err(),
        block_on(store.stat(&url)).unwrap_err(),
        block_on(store.list().try_collect::<Vec<_>>()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
        assert!(error.is_retryable() && error.source().is_some());
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_cloud_that_does_not_answer_is_a_network_error() {
    // Nothing listens there.
    let nobody = "http://127.0.0.1:1";
    check(
        &io_object_store::aws::REGISTRATION,
        "s3://bucket/m",
        &[("endpoint", nobody), ("access_key_id", "hunter2"), ("secret_access_key", "hunter2")],
    );
    check(
        &io_object_store::azure::REGISTRATION,
        "az://container/m",
        &[
            ("endpoint", nobody),
            ("account_name", "a"),
            ("sas_key", "sv=2024-01-01&sp=r&sig=hunter2"),
        ],
    );
    check(
        &io_object_store::gcp::REGISTRATION,
        "gs://bucket/m",
        &[("base_url", nobody), ("anonymous", "true")],
    );
}
