//! `modelport doctor` with each cloud: what it says, what it leaves there, and that no output has a
//! secret.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use futures::{TryStreamExt, executor::block_on};
use io_core::{HandlerOptions, IOHandler, ModelUrl};
use io_object_store::ObjectStoreHandler;
use modelport_tests::{
    program::{self, Ran},
    servers::{Azurite, FakeGcs, Seaweed, Users},
};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use serde_json::Value;

use crate::{
    models::model,
    proxy::{Fate, Proxy},
    words,
};

#[test]
fn s3_is_tried_and_nothing_is_left() {
    let server = Seaweed::start(Users::Known);
    let url = server.url("models/m");
    save(&url, &server.options());
    let before = server.keys();
    assert_eq!(before.len(), 2, "{before:?}");
    let secrets = ["testkey", "testsecret"];
    for args in [&["--write"][..], &["--write", "--deep"]] {
        let ran = doctor(args, &url, &server.options(), &secrets);
        let sound = [
            "handler",
            "reach",
            "read",
            "list",
            "shards",
            "ranges",
            "write",
            "conditions",
            "delete",
        ];
        for check in sound {
            assert_eq!(finding(&ran, check)["outcome"], "ok", "{check}: {}", ran.stdout);
        }
        assert_eq!(server.keys(), before);
    }
    assert_eq!(
        finding(&doctor(&["--write"], &url, &server.options(), &secrets), "conditions")["message"],
        "to write only where nothing is: kept; to write only over what was read: kept"
    );

    let reader = server.reader_options();
    let ran = doctor(&["--write"], &url, &reader, &["readerkey", "readersecret"]);
    assert_eq!(finding(&ran, "read")["outcome"], "ok", "{}", ran.stdout);
    let write = finding(&ran, "write");
    assert_eq!(
        (&write["outcome"], &write["error"]["kind"]),
        (&"problem".into(), &"PermissionDenied".into())
    );
    assert!(write["message"].as_str().unwrap().contains("read-only for you"), "{write}");
    assert_eq!(server.keys(), before);

    let stranger = server.options().with_setting("secret_access_key", "hunter2hunter2");
    let ran = doctor(&["--write"], &url, &stranger, &["hunter2", "testkey"]);
    assert_eq!(finding(&ran, "read")["error"]["kind"], "PermissionDenied", "{}", ran.stdout);
    assert_eq!(finding(&ran, "write")["outcome"], "problem", "{}", ran.stdout);
    assert_eq!(server.keys(), before);
}

#[test]
fn pages_of_an_origin_may_do_what_a_bucket_lets_them() {
    let asked = ["--write", "--origin", "https://app.example"];
    // It lets everybody until a bucket has rules.
    let seaweed = Seaweed::start(Users::Known);
    let url = seaweed.url("m");
    let ran = doctor(&asked, &url, &seaweed.options(), &["testkey", "testsecret"]);
    let told = findings(&ran, "cors");
    let messages: Vec<_> = told.iter().map(|told| told["message"].as_str().unwrap()).collect();
    let due = ["GET", "PUT", "DELETE"]
        .map(|method| format!("pages of `https://app.example` may send `{method}`"));
    assert_eq!((ran.code, messages), (0, due.iter().map(String::as_str).collect()));
    // It lets nobody until an account has rules.
    let azurite = Azurite::start();
    let ran = doctor(&asked, &azurite.url("m"), &azurite.options(), &[]);
    let told = findings(&ran, "cors");
    assert_eq!((ran.code, told.len()), (1, 3), "{}", ran.stdout);
    for told in told {
        assert_eq!(told["outcome"], "problem", "{told}");
        assert!(
            told["message"].as_str().unwrap().contains("Access-Control-Allow-Origin"),
            "{told}"
        );
    }
}

#[test]
fn s3_that_does_not_keep_conditions_is_found_out() {
    let server = Seaweed::start(Users::All);
    let proxy = Proxy::careless(server.s3);
    let options = server.options_through(proxy.port).with_setting("anonymous", "true");
    let ran = doctor(&["--write"], &server.url("models"), &options, &[]);
    let conditions = finding(&ran, "conditions");
    assert_eq!(
        (
            ran.code,
            conditions["outcome"].as_str().unwrap(),
            conditions["message"].as_str().unwrap()
        ),
        (
            1,
            "problem",
            "to write only where nothing is: taken but not kept; \
             to write only over what was read: taken but not kept"
        )
    );
    assert!(conditions["hint"].as_str().unwrap().contains("one may be lost"), "{conditions}");
    assert_eq!(finding(&ran, "delete")["outcome"], "ok", "{}", ran.stdout);
    assert!(server.keys().is_empty());
}

#[test]
fn s3_keeps_nothing_of_a_try_that_goes_wrong() {
    let server = Seaweed::start(Users::Known);
    type Judge = fn(&str, &str) -> Option<Fate>;
    let cases: [(&str, [&str; 3], Judge); 5] = [
        ("weights", ["problem", "not checked", "not checked"], |method, target| {
            (is_write(method) && !is_json(target)).then_some(Fate::Refused(403))
        }),
        ("commit", ["problem", "not checked", "not checked"], |method, target| {
            (is_write(method) && is_json(target)).then_some(Fate::Refused(403))
        }),
        ("answers", ["problem", "not checked", "not checked"], |method, _| {
            is_write(method).then_some(Fate::AnswerLost)
        }),
        ("conditions", ["ok", "problem", "ok"], |method, target| {
            (is_write(method) && target.ends_with(".tmp")).then_some(Fate::Refused(500))
        }),
        ("last answers", ["ok", "problem", "ok"], |method, target| {
            (is_write(method) && target.ends_with(".tmp")).then_some(Fate::AnswerLost)
        }),
    ];
    for (name, outcomes, judge) in cases {
        let proxy = Proxy::start(server.s3, move |request| {
            judge(&request.method, &request.target).unwrap_or(Fate::Answered)
        });
        let options = server.options_through(proxy.port).with_setting("max_retries", "0");
        let ran = doctor(&["--write"], &server.url("models"), &options, &["testkey", "testsecret"]);
        let found = ["write", "conditions", "delete"].map(|check| finding(&ran, check));
        let found = found.each_ref().map(|finding| finding["outcome"].as_str().unwrap());
        assert_eq!(found, outcomes, "{name}: {}", ran.stdout);
        proxy.wait_until_quiet();
        assert!(server.keys().is_empty(), "{name}: {:?}", server.keys());
    }
}

#[test]
fn a_signal_in_the_middle_of_a_try_leaves_nothing() {
    let server = Seaweed::start(Users::Known);
    let begun = Arc::new(AtomicBool::new(false));
    // The commit is on its way when the signal comes, and takes a while.
    let proxy = Proxy::start(server.s3, {
        let begun = begun.clone();
        move |request| {
            if is_write(&request.method) && is_json(&request.target) {
                begun.store(true, SeqCst);
                sleep(Duration::from_secs(1));
            }
            Fate::Answered
        }
    });
    let mut child = Command::new(program::path())
        .args(["doctor", "--write", server.url("models").as_str()])
        .args(words("--option", &server.options_through(proxy.port)))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !begun.load(SeqCst) {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not begin");
        sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    proxy.wait_until_quiet();
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

#[test]
fn azure_is_tried_and_nothing_is_left() {
    let server = Azurite::start();
    let (url, options) = (server.url("models/m"), server.options());
    save(&url, &options);
    let before = listed(&server.url(""), &options);
    let ran = doctor(&["--write", "--deep"], &url, &options, &[Azurite::KEY]);
    for check in ["read", "list", "shards", "ranges", "write", "conditions", "delete"] {
        assert_eq!(finding(&ran, check)["outcome"], "ok", "{check}: {}", ran.stdout);
    }
    assert_eq!(listed(&server.url(""), &options), before);

    let wrong = Azurite::KEY.replace("Eby8", "hunt");
    let stranger = options.with_setting("account_key", &wrong);
    let ran = doctor(&["--write"], &url, &stranger, &[&wrong]);
    assert_eq!(finding(&ran, "read")["error"]["kind"], "PermissionDenied", "{}", ran.stdout);
    assert_eq!(finding(&ran, "write")["outcome"], "problem", "{}", ran.stdout);
}

#[test]
fn gcs_that_takes_no_writes_is_told_as_such() {
    let server = FakeGcs::start();
    let url = server.url("models/m");
    // Saved to memory, and from there object by object, by another client.
    let store = Arc::new(InMemory::new());
    let saver =
        ObjectStoreHandler::new(store.clone(), url.clone(), "models/m", HandlerOptions::new());
    block_on(saver.unwrap().save(model(1, 100))).unwrap();
    for meta in block_on(store.list(None).try_collect::<Vec<_>>()).unwrap() {
        let found = block_on(store.get(&meta.location)).unwrap();
        server.put(meta.location.as_ref(), &block_on(found.bytes()).unwrap());
    }
    let options =
        server.options().with_setting("anonymous", "false").with_setting("bearer_token", "hunter2");
    let ran = doctor(&["--write", "--deep"], &url, &options, &["hunter2"]);
    for check in ["read", "list", "shards", "ranges"] {
        assert_eq!(finding(&ran, check)["outcome"], "ok", "{check}: {}", ran.stdout);
    }
    assert_eq!(finding(&ran, "write")["outcome"], "problem", "{}", ran.stdout);
    assert_eq!(listed(&server.url(""), &server.options()), [url.to_string()]);
}

#[test]
fn of_a_place_that_is_not_there_no_secret_is_told_either() {
    let nowhere = |options: HandlerOptions| {
        options
            .with_setting("env", "false")
            .with_setting("allow_http", "true")
            .with_setting("max_retries", "0")
    };
    let s3 = nowhere(HandlerOptions::new())
        .with_setting("endpoint", "http://127.0.0.1:1")
        .with_setting("access_key_id", "hunter1")
        .with_setting("secret_access_key", "hunter2")
        .with_setting("session_token", "hunter3");
    let azure = nowhere(HandlerOptions::new())
        .with_setting("endpoint", "http://127.0.0.1:1/me")
        .with_setting("account_name", "me")
        .with_setting("sas_key", "sv=2020&sp=r&sig=hunter2%3D");
    let gcs = nowhere(HandlerOptions::new())
        .with_setting("base_url", "http://127.0.0.1:1")
        .with_setting("bearer_token", "hunter2");
    for (url, options) in [("s3://b/m", s3), ("az://c/m", azure), ("gs://b/m", gcs)] {
        let url = ModelUrl::parse(url).unwrap();
        let ran = doctor(&["--write"], &url, &options, &["hunter"]);
        assert_eq!(finding(&ran, "reach")["outcome"], "problem", "{}", ran.stdout);
        assert!(findings(&ran, "write").is_empty(), "{}", ran.stdout);
    }
}

/// Runs it for people and for machines; the latter's run. Neither has one of the `secrets` in it.
fn doctor(args: &[&str], url: &ModelUrl, options: &HandlerOptions, secrets: &[&str]) -> Ran {
    let options = words("--option", options);
    let run = |more: &[&str]| {
        let words = options.iter().map(String::as_str);
        let ran = program::run(
            ["doctor", url.as_str()]
                .into_iter()
                .chain(args.iter().copied())
                .chain(words)
                .chain(more.iter().copied()),
        );
        for secret in secrets {
            assert!(!ran.stdout.contains(secret), "{secret}: {}", ran.stdout);
        }
        assert_eq!(ran.stderr, "");
        assert!(!ran.stdout.is_empty());
        ran
    };
    let (text, json) = (run(&[]), run(&["--json"]));
    assert_eq!(text.code, json.code, "{} {}", text.stdout, json.stdout);
    json
}

fn findings(ran: &Ran, check: &str) -> Vec<Value> {
    let all = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|finding| finding["check"] == check).collect()
}

/// The only finding of a check.
fn finding(ran: &Ran, check: &str) -> Value {
    let mut own = findings(ran, check);
    assert_eq!(own.len(), 1, "{check}: {}", ran.stdout);
    own.remove(0)
}

fn save(url: &ModelUrl, options: &HandlerOptions) {
    block_on(modelport::handler_with(url.clone(), options).unwrap().save(model(1, 100))).unwrap();
}

fn is_json(target: &str) -> bool {
    target.contains("model.json")
}

fn is_write(method: &str) -> bool {
    ["PUT", "POST"].contains(&method)
}

/// The URLs of the models of a place.
fn listed(url: &ModelUrl, options: &HandlerOptions) -> Vec<String> {
    let models = modelport::list_models_with(url.clone(), options).unwrap();
    let models: Vec<_> = block_on(models.try_collect()).unwrap();
    models.into_iter().map(|entry| entry.url.to_string()).collect()
}
