//! AWS profiles from files to requests: whose keys sign them.
#![cfg(all(feature = "aws", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use futures::executor::block_on;
use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl};
use io_object_store::aws::REGISTRATION;

/// A store without objects beside a security token service and IAM Identity Center. It keeps the heads
/// of all requests.
struct Cloud {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

const ROLE: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>of-role\
    </AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>\
    2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

impl Cloud {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let (status, body) = match &*head {
                    head if head.contains("/bucket/") => ("404 Not Found", ""),
                    head if head.contains("forbidden") => ("403 Forbidden", REFUSED),
                    _ => ("200 OK", ROLE),
                };
                kept.lock().unwrap().push(head);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { address, heads, folder: tempfile::tempdir().unwrap() }
    }

    fn options(&self, config: &str, credentials: &str) -> HandlerOptions {
        let path = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        HandlerOptions::new()
            .with_setting("config_file", path("config", config))
            .with_setting("shared-credentials-file", path("credentials", credentials))
            .with_setting("endpoint", &*self.address)
            .with_setting("endpoint_url_sts", &*self.address)
            .with_setting("allow_http", "true")
            .with_setting("max_retries", "0")
    }

    fn load(&self, options: &HandlerOptions) -> Error {
        let url = ModelUrl::parse("s3://bucket/m").unwrap();
        match (REGISTRATION.open)(&url, options) {
            Ok(handler) => block_on(handler.load()).unwrap_err(),
            Err(error) => error,
        }
    }

    /// The key that the last request to the store was signed with.
    fn signed_with(&self, options: &HandlerOptions) -> String {
        let error = self.load(options);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
        let heads = self.heads.lock().unwrap();
        let head = heads.iter().rev().find(|head| head.contains("/bucket/")).unwrap();
        let (_, after) = head.split_once("Credential=").unwrap();
        after.split('/').next().unwrap().to_owned()
    }
}

const CREDENTIALS: &str = "[default]\naws_access_key_id = first\naws_secret_access_key = s\n\
    [second]\naws_access_key_id = second\naws_secret_access_key = s\naws_session_token = token\n";

#[test]
fn keys_of_a_profile_sign_requests() {
    let cloud = Cloud::start();
    let config = "[profile second]\nregion = eu-west-9\n";
    let new = || cloud.options(config, CREDENTIALS).with_setting("env", "false");
    assert_eq!(cloud.signed_with(&new()), "first");
    assert_eq!(cloud.signed_with(&new().with_setting("profile", "second")), "second");
    let heads = cloud.heads.lock().unwrap();
    let last = heads.last().unwrap();
    assert!(
        last.contains("/eu-west-9/s3/") && last.contains("x-amz-security-token: token"),
        "{last}"
    );
    drop(heads);
    // Keys among the options win.
    let own = new().with_setting("access_key_id", "own").with_setting("secret_access_key", "s");
    assert_eq!(cloud.signed_with(&own), "own");
    let error = cloud.load(&new().with_setting("profile", "third"));
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("`third`"), "{error}");
}

#[test]
fn a_role_is_taken_with_the_keys_of_its_source() {
    let cloud = Cloud::start();
    let config = "[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n\
                  external_id = a b\n[profile no]\nrole_arn = forbidden\nsource_profile = default\n";
    let new = || cloud.options(config, CREDENTIALS).with_setting("env", "false");
    assert_eq!(cloud.signed_with(&new().with_setting("profile", "r")), "of-role");
    let asked = cloud.heads.lock().unwrap().first().unwrap().clone();
    assert!(asked.contains("Action=AssumeRole&") && asked.contains("ExternalId=a%20b"), "{asked}");
    assert!(asked.contains("Credential=first/") && asked.contains("/us-east-1/sts/"), "{asked}");
    let error = cloud.load(&new().with_setting("profile", "no"));
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
    assert!(format!("{error:?}").contains("AccessDenied"), "{error:?}");
}

#[test]
fn a_web_identity_takes_its_role_by_a_file_that_ends_in_a_line_break() {
    let cloud = Cloud::start();
    let token = cloud.folder.path().join("token");
    fs::write(&token, "ey.token\r\n").unwrap();
    let options = cloud
        .options("", "")
        .with_setting("env", "false")
        .with_setting("web_identity_token_file", token.to_str().unwrap())
        .with_setting("role_arn", "arn:aws:iam::1:role/r");
    assert_eq!(cloud.signed_with(&options), "of-role");
    let asked = cloud.heads.lock().unwrap().first().unwrap().clone();
    assert!(asked.contains("WebIdentityToken=ey.token "), "{asked}");
}

#[test]
fn a_program_is_run_for_credentials_but_not_without_the_environment() {
    let cloud = Cloud::start();
    let printed = cloud.folder.path().join("printed.json");
    let json = r#"{"Version": 1, "AccessKeyId": "printed", "SecretAccessKey": "s"}"#;
    fs::write(&printed, json).unwrap();
    let config = format!("[profile p]\ncredential_process = cat \"{}\"\n", printed.display());
    let new = || cloud.options(&config, "").with_setting("profile", "p");
    assert_eq!(cloud.signed_with(&new()), "printed");
    let error = cloud.load(&new().with_setting("env", "false"));
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    fs::remove_file(&printed).unwrap();
    let error =
        cloud.load(&cloud.options(&config.replace("cat", "cat "), "").with_setting("profile", "p"));
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
}

#[test]
fn without_the_environment_a_profile_needs_its_file() {
    let options = HandlerOptions::new().with_setting("env", "false").with_setting("profile", "p");
    let url = ModelUrl::parse("s3://bucket/m").unwrap();
    let error = (REGISTRATION.open)(&url, &options).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.hint().unwrap().contains("config_file"), "{error:?}");
}
