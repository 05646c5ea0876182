//! Every setting with every kind of wrong value, and every service with wrong answers: an error or a
//! store, and never a panic.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use futures::executor::block_on;
use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, Registration};

use crate::{
    aws, azure,
    cloud::{Config, Key},
    gcp,
};

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1";

const SHARED: [&str; 17] = [
    "allow_http",
    "allow_invalid_certificates",
    "anonymous",
    "ca_certificates",
    "concurrency",
    "connect_timeout",
    "env",
    "http1_only",
    "http2_only",
    "instance_metadata",
    "max_retries",
    "part_bytes",
    "pool_idle_timeout",
    "pool_max_idle_per_host",
    "proxy",
    "timeout",
    "user_agent",
];

fn bad_values() -> [String; 16] {
    [
        "".to_owned(),
        " ".to_owned(),
        "ends\n".to_owned(),
        "in\nside".to_owned(),
        "in\r\nside".to_owned(),
        "nul\0".to_owned(),
        "größe".to_owned(),
        "not a url".to_owned(),
        "127.0.0.1:1".to_owned(),
        "host.invalid:9000".to_owned(),
        "/".to_owned(),
        "x".repeat(100_000),
        "0".to_owned(),
        "-1".to_owned(),
        "99999999999999999999".to_owned(),
        "999999999 years".to_owned(),
    ]
}

type Settings = &'static [(&'static str, &'static str)];

/// A cloud, its settings, a URL, and sets of settings that lead to each source of credentials.
const CLOUDS: [(&Registration, &[Key], &str, &[Settings]); 3] = [
    (
        &aws::REGISTRATION,
        aws::KEYS,
        "s3://bucket/m",
        &[
            &[("endpoint", NOBODY), ("access_key_id", "k"), ("secret_access_key", "s")],
            &[
                ("endpoint", NOBODY),
                ("endpoint_url_sts", NOBODY),
                ("web_identity_token_file", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
                ("role_arn", "r"),
            ],
            &[
                ("endpoint", NOBODY),
                ("container_credentials_full_uri", NOBODY),
                ("container_authorization_token", "t"),
            ],
            &[("endpoint", NOBODY), ("instance_metadata", "true"), ("metadata_endpoint", NOBODY)],
        ],
    ),
    (
        &azure::REGISTRATION,
        azure::KEYS,
        "az://container/m",
        &[
            &[("endpoint", NOBODY), ("account_name", "a"), ("account_key", "c2VjcmV0")],
            &[("endpoint", NOBODY), ("account_name", "a"), ("sas_key", "sv=1&sig=x")],
            &[("endpoint", NOBODY), ("account_name", "a"), ("token", "t")],
            &[
                ("endpoint", NOBODY),
                ("account_name", "a"),
                ("authority_host", NOBODY),
                ("client_id", "c"),
                ("tenant_id", "t"),
                ("client_secret", "s"),
            ],
            &[
                ("endpoint", NOBODY),
                ("account_name", "a"),
                ("msi_endpoint", NOBODY),
                ("instance_metadata", "true"),
            ],
        ],
    ),
    (
        &gcp::REGISTRATION,
        gcp::KEYS,
        "gs://bucket/m",
        &[
            &[("base_url", NOBODY), ("bearer_token", "t")],
            &[("base_url", NOBODY), ("anonymous", "true")],
        ],
    ),
];

fn options(settings: &[(&str, &str)]) -> HandlerOptions {
    let mut options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("max_retries", "0")
        .with_setting("allow_http", "true")
        // The certificates of the system take long to read.
        .with_setting("allow_invalid_certificates", "true");
    for (name, value) in settings {
        options = options.with_setting(*name, *value);
    }
    options
}

/// Opens the store and sends it a request. A panic of a task is an error that says so.
fn load(registration: &Registration, url: &str, options: &HandlerOptions) -> Result<(), Error> {
    let handler = (registration.open)(&ModelUrl::parse(url).unwrap(), options)?;
    block_on(handler.load()).map(|_| ())
}

fn is_panic(error: &Error) -> bool {
    error.to_string().contains("a task ended early")
}

#[test]
fn no_value_of_any_setting_makes_a_client_panic() {
    let values = bad_values();
    let mut opened = 0;
    for (registration, keys, url, sets) in CLOUDS {
        let names: Vec<&str> = keys.iter().map(|key| key.name).chain(SHARED).collect();
        for set in sets {
            let good = load(registration, url, &options(set)).unwrap_err();
            assert_eq!(good.kind(), ErrorKind::Network, "{set:?}: {good:?}");
            for (name, value) in
                names.iter().flat_map(|name| values.iter().map(move |it| (name, it)))
            {
                // Whose environment is not that of the test.
                if *name == "env" {
                    continue;
                }
                let options = options(set).with_setting(*name, value);
                let Err(error) = load(registration, url, &options) else {
                    panic!("{name} = {value:?} loads from nowhere")
                };
                assert!(!is_panic(&error), "{name} = {value:?} in {set:?}: {error:?}");
                opened += usize::from(error.kind() != ErrorKind::InvalidInput);
            }
        }
    }
    // Not all are refused at once.
    assert!(opened > 20, "{opened}");
}

#[test]
fn no_value_of_any_variable_is_passed_on_unchecked() {
    for (_, keys, ..) in CLOUDS {
        let names = keys.iter().flat_map(|key| key.variables).copied();
        let proxies = ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY"];
        for (name, value) in
            names.chain(proxies).flat_map(|name| bad_values().map(move |value| (name, value)))
        {
            let lookup = |variable: &str| (variable == name).then(|| value.clone());
            let Ok(config) = Config::read_with(&HandlerOptions::new(), keys, lookup) else {
                continue;
            };
            for value in config.values.values() {
                assert!(!value.contains(['\n', '\r', '\0']) && value.trim() == value, "{name}");
                assert!(value.len() < 20_000, "{name}");
            }
        }
    }
}

#[test]
fn line_breaks_at_the_end_of_settings_do_no_harm() {
    for (registration, _, url, sets) in CLOUDS {
        for set in sets {
            let mut options = options(set);
            options.settings.values_mut().for_each(|value| value.push_str("\r\n"));
            let error = load(registration, url, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Network, "{set:?}: {error:?}");
        }
    }
}

/// Serves `answer` to each request, until the test ends. Returns its address.
fn serve(answer: String) -> String {
    serve_by(move |_| ("200 OK", answer.clone()))
}

/// Serves the status and the body that `answer` makes of the head of each request, until the test
/// ends. Returns its address.
fn serve_by(answer: impl Fn(&str) -> (&'static str, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.push(byte[0]);
            }
            let (status, body) = answer(&String::from_utf8_lossy(&head));
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    address
}

#[test]
fn no_answer_of_a_service_with_credentials_makes_a_client_panic() {
    let far = "9999-12-31T23:59:59Z";
    let keys = |token: &str| {
        format!(
            r#"{{"AccessKeyId":"{token}","SecretAccessKey":"s","Token":"t","Expiration":"{far}"}}"#
        )
    };
    let xml = |token: &str| {
        format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>{far}</Expiration></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
    };
    let oauth = |token: &str, expires: &str| {
        format!(r#"{{"access_token":"{token}","expires_in":{expires},"expires_on":"{expires}"}}"#)
    };
    let wrong = [
        keys("a\\nb"),
        keys("ü"),
        xml("a&#10;b"),
        oauth("a\\nb", "3600"),
        oauth("t", "18446744073709551615"),
        "a\nb".to_owned(),
        "a b".to_owned(),
        "\u{fffd}".to_owned(),
        String::new(),
        "{".to_owned(),
    ];
    for answer in wrong {
        let address = serve(answer.clone());
        for (registration, _, url, sets) in CLOUDS {
            for set in sets {
                let mut options = options(set);
                let services = [
                    "endpoint_url_sts",
                    "container_credentials_full_uri",
                    "metadata_endpoint",
                    "authority_host",
                    "msi_endpoint",
                ];
                for (name, value) in &mut options.settings {
                    if services.contains(&name.as_str()) {
                        *value = address.clone();
                    }
                }
                let error = load(registration, url, &options).unwrap_err();
                assert!(!is_panic(&error), "{answer:?} in {set:?}: {error:?}");
            }
        }
    }
}

/// Serves credentials and a store at one address; counts what came with what is wanted.
fn serve_store(credentials: String, wanted: &'static str) -> (String, &'static AtomicUsize) {
    static FOUND: AtomicUsize = AtomicUsize::new(0);
    let address = serve_by(move |head| {
        let is_object = head.contains("/bucket/");
        FOUND.fetch_add(usize::from(is_object && head.contains(wanted)), Ordering::SeqCst);
        match is_object {
            true => ("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
            // What is sent is what a token file has, without its line break.
            false if head.to_ascii_lowercase().contains("authorization: file-token\r\n") => {
                ("200 OK", credentials.clone())
            }
            false => ("403 Forbidden", String::new()),
        }
    });
    (address, &FOUND)
}

#[test]
fn a_token_file_may_end_in_a_line_break() {
    let credentials = r#"{"AccessKeyId":"fetched","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}"#;
    let (address, found) = serve_store(credentials.to_owned(), "Credential=fetched/");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "file-token\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let options = options(&[
        ("endpoint", &address),
        ("container_credentials_full_uri", &address),
        ("container_authorization_token_file", path),
    ]);
    let error = load(&aws::REGISTRATION, "s3://bucket/m", &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(found.load(Ordering::SeqCst) > 0);
}
