//! Servers that misbehave, and credentials that may not do everything: told soon, as what it is, in
//! bounded memory, and nothing is lost or left without a word.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

#[path = "support/models.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a module of other tests as well")]
mod models;
#[path = "support/s3.rs"]
#[allow(unreachable_pub, reason = "it is a module for tests")]
mod s3;

use std::{
    error::Error as _,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use futures::{TryStreamExt, executor::block_on};
use io_core::{Error, ErrorKind, HandlerOptions, ModelEntry, SaveResult, WriteMode};
use models::{assert_loads, model};
use s3::{Response, Server, url};

fn save(server: &Server, number: u8) -> io_core::Result<SaveResult> {
    block_on(server.open("m").save(model(number, 10)))
}

fn list(server: &Server) -> Vec<io_core::Result<ModelEntry>> {
    use futures::StreamExt as _;
    block_on(server.models().list().collect())
}

/// The error and all that it was caused by, with the hint.
fn text(error: &Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes} ({})", error.hint().unwrap_or_default())
}

fn weights_of(server: &Server) -> Vec<String> {
    server.keys().into_iter().filter(|key| key.ends_with(".bin")).collect()
}

#[test]
fn invalid_keys_do_not_stop_a_list() {
    let server = Server::start();
    save(&server, 1).unwrap();
    for key in ["m//stray.txt", "/m/model.json", "tab\there/x", "n/model.json/", "m/.", "//"] {
        server.put(key, "{}");
    }
    let found: Vec<String> =
        list(&server).into_iter().map(|entry| entry.unwrap().url.to_string()).collect();
    assert_eq!(found, ["s3://b/m"]);
    let store = io_object_store::place(&url(""), &server.options()).unwrap().unwrap().store;
    let garbage = store.gc(io_core::GcOptions::default().with_older_than(Duration::ZERO));
    // The server does not list uploads.
    let _ = block_on(garbage.try_collect::<Vec<_>>());
    block_on(server.models().remove(&url("m"))).unwrap();
    assert!(weights_of(&server).is_empty(), "{:?}", server.keys());
}

#[test]
fn unreadable_model_keeps_the_weights_beside_it() {
    let server = Server::start();
    save(&server, 1).unwrap();
    server.put("m/tab\there.json", "{}");
    let removed = block_on(server.models().remove(&url("m"))).unwrap();
    assert_eq!(weights_of(&server).len(), 1);
    assert!(removed.warnings[0].contains("`m/tab\\there.json` cannot be read"), "{removed:?}");
}

#[test]
fn endless_list_is_an_error() {
    let server = Server::start();
    server.judge(|request, _| {
        let page = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x\
                    </NextContinuationToken></ListBucketResult>";
        request.is_list().then(|| Response::new(200, page))
    });
    let error = list(&server).pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    assert!(text(&error).contains("no end"), "{}", text(&error));
}

#[test]
fn endless_responses_are_bounded() {
    let server = Server::start();
    server.judge(|request, _| {
        let junk = "<Contents><Key>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</Key></Contents>";
        request.is_list().then(|| Response::new(200, junk).endless())
    });
    let error = list(&server).pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    server.judge(|_, _| Some(Response::new(403, "x".repeat(100)).endless()));
    let started = Instant::now();
    let error = list(&server).pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
    assert!(text(&error).len() < 2_000);
    let error = block_on(server.open("m").load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn oversized_model_json_is_refused_unread() {
    let server = Server::start();
    server.judge(|request, _| {
        let found = Response::new(200, "{").with("ETag", "\"x\"");
        let found = found.with("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT");
        request
            .is("GET", "m/model.json")
            .then(|| found.with("Content-Length", (1_u64 << 50).to_string()).endless())
    });
    let error = block_on(server.open("m").load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}

#[test]
fn impossible_content_range_is_refused() {
    let server = Server::start();
    // Larger than what is read at once.
    block_on(server.open("m").save(model(1, 2 << 20))).unwrap();
    let weights = block_on(server.open("m").load()).unwrap().weight_data.unwrap();
    server.change(|request, mut response| {
        for (name, value) in response.headers_mut() {
            if *name == "Content-Range" && request.key.ends_with(".bin") {
                *value = format!("bytes 0-{0}/{0}", u64::MAX);
            }
        }
        response
    });
    let error = block_on(weights.to_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}

#[test]
fn store_without_conditional_writes_can_be_saved_to() {
    let server = Server::start();
    server.judge(|request, _| {
        let refused = request.method == "PUT" && request.is_conditional();
        refused.then(|| Response::error(501, "NotImplemented", "A header is not implemented"))
    });
    for number in [1, 2] {
        let saved = save(&server, number).unwrap();
        assert!(saved.warnings[0].contains("no conditional writes"), "{saved:?}");
        assert_loads(&server.open("m"), number, 10);
    }
    assert_eq!((server.keys().len(), server.count("PUT m/model.json")), (2, 4));
    let options = server.options().with_write_mode(WriteMode::Create);
    let error = block_on(server.open_with("n", &options).save(model(3, 10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.hint().unwrap().contains("`conditional_put`"), "{error:?}");
    assert_eq!(server.keys().len(), 2, "{:?}", server.keys());
}

#[test]
fn weak_etags_of_a_proxy_do_not_break_loads_and_saves() {
    let server = Server::start();
    server.change(|_, mut response| {
        for (name, value) in response.headers_mut() {
            if *name == "ETag" {
                *value = format!("W/{value}");
            }
        }
        response
    });
    for number in [1, 2] {
        save(&server, number).unwrap();
        assert_loads(&server.open("m"), number, 10);
    }
    assert_eq!(server.keys().len(), 2, "{:?}", server.keys());
    let loaded = block_on(server.open("m").load()).unwrap().weight_data.unwrap();
    server.put(&weights_of(&server)[0], [7; 40]);
    let error = block_on(loaded.to_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
}

#[test]
fn wrong_region_and_missing_bucket_are_named() {
    let server = Server::start();
    server.judge(|_, _| {
        let moved = Response::error(301, "PermanentRedirect", "Use the specified endpoint.");
        Some(moved.with("x-amz-bucket-region", "eu-central-1"))
    });
    for error in [save(&server, 1).unwrap_err(), list(&server).pop().unwrap().unwrap_err()] {
        assert!(error.hint().unwrap().contains("`region` = `eu-central-1`"), "{error:?}");
    }
    server.judge(|_, _| Some(Response::error(404, "NoSuchBucket", "It does not exist")));
    for error in [
        block_on(server.open("m").load()).unwrap_err(),
        save(&server, 1).unwrap_err(),
        list(&server).pop().unwrap().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("no such bucket"), "{error}");
    }
}

#[test]
fn error_shows_code_and_message_without_secrets() {
    let server = Server::start();
    for (status, code, message, kind) in [
        (403, "AccessDenied", "Request has expired", ErrorKind::PermissionDenied),
        (403, "RequestTimeTooSkewed", "The difference is too large", ErrorKind::PermissionDenied),
        (400, "ExpiredToken", "The token has expired", ErrorKind::PermissionDenied),
        (400, "InvalidRequest", "connect dns timeout body", ErrorKind::Unexpected),
        (503, "SlowDown", "Slow down", ErrorKind::Network),
    ] {
        let body = format!(
            "<Error><Code>{code}</Code><Message>{message}</Message><Token-0>hunter2</Token-0></Error>"
        );
        server.judge(move |_, _| Some(Response::new(status, body.clone())));
        let error = block_on(server.open("m").load()).unwrap_err();
        let said = text(&error);
        assert_eq!(error.kind(), kind, "{said}");
        assert!(said.contains(&format!("{code}: {message}")), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(server.log().len(), if status == 503 { 3 } else { 1 });
    }
}

#[test]
fn new_model_saves_without_list_permission() {
    let server = Server::start();
    let hide = |request: &s3::Request, server: &Server| {
        let is_hidden = request.is_list()
            || ["GET", "HEAD"].contains(&request.method.as_str())
                && !server.keys().contains(&request.key);
        (is_hidden || ["POST", "DELETE"].contains(&request.method.as_str())).then(Response::denied)
    };
    server.judge(hide);
    assert!(save(&server, 1).unwrap().warnings.is_empty());
    // What is replaced stays, and that is said.
    let old = weights_of(&server).pop().unwrap();
    let saved = save(&server, 2).unwrap();
    assert_loads(&server.open("m"), 2, 10);
    let [warning] = &saved.warnings[..] else { panic!("{saved:?}") };
    assert!(warning.contains(&old) && warning.contains("`modelport gc --delete`"), "{warning}");
}

#[test]
fn save_and_rm_name_objects_left_behind() {
    let server = Server::start();
    save(&server, 1).unwrap();
    let old = weights_of(&server).pop().unwrap();
    server.judge(|request, _| request.is_removal().then(Response::denied));
    let saved = save(&server, 2).unwrap();
    assert!(saved.warnings[0].contains(&old), "{saved:?}");
    let weights = weights_of(&server);
    let copied = block_on(server.models().copy(&url("m"), &url("n"))).unwrap_err();
    assert!(copied.to_string().contains("not whole"), "the server cannot copy: {copied}");
    // The removal of the JSON object is allowed.
    server.judge(|request, _| {
        (request.is_removal() && request.key.ends_with(".bin")).then(Response::denied)
    });
    let removed = block_on(server.models().remove(&url("m"))).unwrap();
    let warning = removed.warnings.concat();
    assert!(weights.iter().any(|key| *key != old && warning.contains(key)), "{removed:?}");
}

#[test]
fn failed_save_names_objects_left_behind() {
    let server = Server::start();
    server.judge(|request, _| {
        let refused = request.is("PUT", "m/model.json") || request.is_removal();
        refused.then(Response::denied)
    });
    let error = save(&server, 1).unwrap_err();
    let left = weights_of(&server).pop().unwrap();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.hint().unwrap().contains(&left), "{error:?}");
}

#[test]
fn write_only_credentials_save_new_models_only() {
    let server = Server::start();
    let write_only =
        |request: &s3::Request, _: &Server| (request.method != "PUT").then(Response::denied);
    server.judge(write_only);
    save(&server, 1).unwrap();
    server.judge(move |request, server| {
        write_only(request, server).filter(|_| !request.is_removal())
    });
    let error = save(&server, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("may not read"), "{error}");
    server.behave();
    assert_loads(&server.open("m"), 1, 10);
    assert_eq!(server.keys().len(), 2, "{:?}", server.keys());
}

#[cfg(feature = "azure")]
#[test]
fn azure_without_read_permission_fails_before_upload() {
    let server = Server::start();
    server.judge(|request, _| {
        let denied = Response::error(403, "AuthorizationPermissionMismatch", "Not authorized");
        let denied = denied.with("x-ms-error-code", "AuthorizationPermissionMismatch");
        (request.method != "PUT").then_some(denied)
    });
    let options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("endpoint", server.address())
        .with_setting("account_name", "a")
        .with_setting("sas_key", "sv=2024-01-01&sp=cw&sig=hunter2")
        .with_setting("allow_http", "true");
    let url = io_core::ModelUrl::parse("az://c/m").unwrap();
    let handler = (io_object_store::azure::REGISTRATION.open)(&url, &options).unwrap();
    let error = block_on(handler.save(model(1, 10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(!text(&error).contains("hunter2"), "{}", text(&error));
    assert_eq!(server.count("PUT"), 0, "{:?}", server.log());
}

#[test]
fn removal_racing_with_a_save_leaves_no_weights() {
    let server = Server::start();
    save(&server, 1).unwrap();
    let looks = AtomicUsize::new(0);
    server.judge(move |request, server| {
        if request.is("HEAD", "m/model.json") && looks.fetch_add(1, SeqCst) == 0 {
            save(server, 2).unwrap();
        }
        None
    });
    block_on(server.models().remove(&url("m"))).unwrap();
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

#[test]
fn save_removed_at_commit_leaves_no_weights() {
    let server = Server::start();
    save(&server, 1).unwrap();
    server.judge(|request, server| {
        request.is("PUT", "m/model.json").then(|| {
            let answer = server.obey(request);
            // A removal that has read the old model.
            server.remove("m/model.json");
            answer
        })
    });
    save(&server, 2).unwrap();
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

#[test]
fn save_superseded_during_commit_retry_is_a_conflict() {
    let server = Server::start();
    save(&server, 1).unwrap();
    let puts = AtomicUsize::new(0);
    server.judge(move |request, server| {
        if !request.is("PUT", "m/model.json") || puts.fetch_add(1, SeqCst) != 0 {
            return None;
        }
        server.obey(request);
        save(server, 3).unwrap();
        Some(Response::error(500, "InternalError", "It was done"))
    });
    let error = save(&server, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert_loads(&server.open("m"), 3, 10);
    assert_eq!(server.keys().len(), 2, "{:?}", server.keys());
}

#[test]
fn commit_of_unknown_outcome_keeps_its_weights() {
    let server = Server::start();
    save(&server, 1).unwrap();
    let puts = AtomicUsize::new(0);
    server.judge(move |request, server| {
        if request.is("PUT", "m/model.json") && puts.fetch_add(1, SeqCst) == 0 {
            server.obey(request);
            return Some(Response::error(502, "BadGateway", "It was done"));
        }
        // From then on nobody can see what came of it.
        let is_look = request.is("GET", "m/model.json") && puts.load(SeqCst) > 0;
        is_look.then(|| Response::error(500, "InternalError", "Not now"))
    });
    let error = save(&server, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    server.behave();
    assert_loads(&server.open("m"), 2, 10);
}

#[test]
fn corrupt_model_in_a_list_is_named() {
    let server = Server::start();
    save(&server, 1).unwrap();
    server.put("deep/n/model.json", "");
    let errors: Vec<String> = list(&server)
        .into_iter()
        .filter_map(|entry| entry.err())
        .map(|it| it.to_string())
        .collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("s3://b/deep/n"), "{errors:?}");
}

#[test]
fn each_save_has_its_own_version() {
    let server = Server::start();
    let version = || block_on(server.models().stat(&url("m"))).unwrap().version.unwrap();
    save(&server, 1).unwrap();
    let first = version();
    assert_eq!(version(), first);
    // Of the same sizes and the same date.
    save(&server, 2).unwrap();
    assert_ne!(version(), first);
    // Weights of others may change without the JSON.
    let specs = r#"[{"name":"w","shape":[8],"dtype":"uint8"}]"#;
    server.put(
        "m/model.json",
        format!(r#"{{"weightsManifest":[{{"paths":["w.bin"],"weights":{specs}}}]}}"#),
    );
    server.put("m/w.bin", [1; 8]);
    let foreign = version();
    server.put("m/w.bin", [2; 8]);
    assert_ne!(version(), foreign);
}
