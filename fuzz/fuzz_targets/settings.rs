//! Settings of clouds: whatever they are, a store is opened or refused, a request is an error and no
//! panic, and nothing secret is printed.
//!
//! The first byte of an input chooses the cloud. Then follow names and values of settings, each up to
//! a byte 0.
#![no_main]

use std::{error::Error as _, fmt::Write as _};

use futures::executor::block_on;
use io_core::{Error, HandlerOptions, ModelUrl, Registration};
use io_object_store::{aws, azure, gcp};
use libfuzzer_sys::fuzz_target;
use modelport_fuzz as _;

/// What no error and no `Debug` may hold.
const SECRET: &str = "h7Zk9qWx";

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// Where a request could go, so that none leaves the machine.
const PLACES: [&str; 8] = [
    "endpoint",
    "endpoint_url_sts",
    "endpoint_url_sso",
    "metadata_endpoint",
    "container_credentials_full_uri",
    "msi_endpoint",
    "authority_host",
    "base_url",
];

/// What would ask a service at an address of its own, or run a program.
const ELSEWHERE: [&str; 7] = [
    "instance_metadata",
    "use_azure_cli",
    "application_credentials",
    "config_file",
    "shared_credentials_file",
    "connection_string",
    "container_credentials_relative_uri",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (registration, url, secret): (&Registration, _, _) = match first % 3 {
        0 => (&aws::REGISTRATION, "s3://bucket/m", "secret_access_key"),
        1 => (&azure::REGISTRATION, "az://container/m", "client_secret"),
        _ => (&gcp::REGISTRATION, "gs://bucket/m", "bearer_token"),
    };
    let url = ModelUrl::parse(url).expect("a URL");
    let mut options = HandlerOptions::new()
        // The certificates of the system take long to read.
        .with_setting("allow_invalid_certificates", "true")
        .with_setting("allow_http", "true");
    let mut texts = rest.split(|byte| *byte == 0);
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        let [name, value] = [name, value].map(|text| String::from_utf8_lossy(text).into_owned());
        options.settings.insert(name, value);
    }
    options = options.with_setting("env", "false");
    opens(registration, &url, &options);
    options = options.with_setting(secret, format!("{SECRET}\n"));
    opens(registration, &url, &options);
    requests(registration, &url, options);
});

fn opens(registration: &Registration, url: &ModelUrl, options: &HandlerOptions) {
    match (registration.open)(url, options) {
        Ok(handler) => assert!(!format!("{handler:?}").contains(SECRET)),
        Err(error) => hides(&error),
    }
}

/// One request, to nobody.
fn requests(registration: &Registration, url: &ModelUrl, mut options: HandlerOptions) {
    options.settings = options
        .settings
        .into_iter()
        .filter(|(name, _)| !ELSEWHERE.contains(&name.replace('-', "_").as_str()))
        .map(|(name, value)| match PLACES.contains(&name.replace('-', "_").as_str()) {
            true => (name, NOBODY.to_owned()),
            false => (name, value),
        })
        .collect();
    let place = if url.scheme() == "gs" { "base_url" } else { "endpoint" };
    for (name, value) in [
        (place, NOBODY),
        ("max_retries", "0"),
        ("proxy", "none"),
        ("allow_http", "true"),
        ("allow_invalid_certificates", "true"),
    ] {
        options = options.with_setting(name, value);
    }
    if url.scheme() == "s3" {
        options = options.with_setting("endpoint_url_sts", NOBODY);
    }
    let Ok(handler) = (registration.open)(url, &options) else { return };
    match block_on(handler.load()) {
        Ok(_) => panic!("a model came from nowhere"),
        Err(error) => {
            assert!(!error.to_string().contains("a task ended early"), "{error:?}");
            hides(&error);
        }
    }
}

fn hides(error: &Error) {
    let mut said = format!("{error}{error:?}{:?}", error.hint());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(said, "{error}{error:?}");
        cause = error.source();
    }
    assert!(!said.contains(SECRET), "{said}");
}
