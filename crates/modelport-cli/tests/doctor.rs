//! `modelport doctor` on real directories.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use std::fs;

use place::{Place, Ran};
use serde_json::Value;

/// The findings of a check: outcome and message of each.
fn findings(ran: &Ran, check: &str) -> Vec<(String, String)> {
    let all = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = all.filter(|finding| finding["check"] == check);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    own.map(|finding| (text(&finding, "outcome"), text(&finding, "message"))).collect()
}

/// The only finding of a check.
fn finding(ran: &Ran, check: &str) -> (String, String) {
    let all = findings(ran, check);
    assert_eq!(all.len(), 1, "{check}: {ran:?}");
    all[0].clone()
}

fn is(outcome: &str, message: &str) -> (String, String) {
    (outcome.to_owned(), message.to_owned())
}

#[test]
fn a_sound_model_has_no_problem() {
    let place = Place::with_model("source");
    assert_eq!(place.run("cp --shard-bytes 100 source m").code, 0);
    let ran = place.run("doctor m");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for line in [
        "ok           handler       `file://` is served by the crate io-fs",
        "ok           read          the model file is there and is one",
        "ok           capabilities  load, save, list, remove, copy, rename, create, stream, persistent",
        "ok           shards        all 6 weight files are there and have the right lengths, 520 bytes",
        "ok           ranges        a part of a file can be read alone",
        "0 problems, 0 warnings",
    ] {
        assert!(ran.stdout.lines().any(|own| own == line), "{line}: {ran:?}");
    }
    let deep = place.run("doctor --json --deep m");
    let due = "all 6 weight files are there and have the right checksums, 520 bytes were read";
    assert_eq!(finding(&deep, "shards"), is("ok", due));
    // It was written without any.
    let plain = place.run("doctor --json --deep source");
    assert_eq!((plain.code, finding(&plain, "shards").0.as_str()), (0, "warning"), "{plain:?}");
}

#[test]
fn every_weight_file_that_is_not_right_is_named() {
    let place = Place::with_model("source");
    place.run("cp --shard-bytes 100 source m");
    let shard = |number| place.path(&format!("m/group1-shard{number}of6.bin"));
    fs::write(shard(1), "abc").unwrap();
    fs::remove_file(shard(3)).unwrap();
    let mut bytes = fs::read(shard(5)).unwrap();
    bytes[50] ^= 1;
    fs::write(shard(5), bytes).unwrap();

    let quick = place.run("doctor --json m");
    assert_eq!((quick.code, quick.stderr.as_str()), (1, ""), "{quick:?}");
    let short = is("problem", "`group1-shard1of6.bin` has 3 bytes in place of 100");
    let missing = is("problem", "`group1-shard3of6.bin` cannot be read");
    assert_eq!(findings(&quick, "shards"), [short.clone(), missing.clone()]);
    let deep = place.run("doctor --json --deep m");
    let changed = "`group1-shard5of6.bin` has the right length, but its bytes are others: the checksum differs";
    assert_eq!(findings(&deep, "shards"), [short, missing, is("problem", changed)]);

    let text = place.run("doctor m");
    assert!(text.stdout.ends_with("2 problems, 1 warning\n"), "{text:?}");
    assert!(text.stdout.contains("\n                           hint: "), "{text:?}");

    // Where the model file has no lengths, what the weights need counts.
    fs::write(place.path("source/group1-shard1of1.bin"), "abc").unwrap();
    let without = place.run("doctor --json source");
    let due = "the weight files do not have the lengths that the weights need";
    assert_eq!((without.code, finding(&without, "shards")), (1, is("problem", due)));
}

#[test]
fn what_is_no_model_is_told_apart() {
    let place = Place::with_model("models/m");
    place.write("broken/model.json", "{");
    place.write("empty/notes.txt", "");
    for (url, code, outcome, message) in [
        (
            "models",
            0,
            "not checked",
            "there is no model at this very URL, but there are some below it",
        ),
        ("empty", 0, "warning", "there is no model"),
        ("broken", 1, "problem", "there is no model that can be read"),
        ("nothing", 1, "problem", "there is no model that can be read"),
        ("memory://m", 0, "warning", "there is no model"),
    ] {
        let ran = place.run(&format!("doctor --json {url}"));
        assert_eq!((ran.code, finding(&ran, "read")), (code, is(outcome, message)), "{ran:?}");
    }
}

#[test]
fn a_url_that_cannot_be_opened_is_a_finding_too() {
    let place = Place::new();
    for (arguments, hint) in
        [("flie://m", "did you mean `file://`?"), ("--option raed=mmap m", "did you mean `read`?")]
    {
        let ran = place.run(&format!("doctor --json {arguments}"));
        assert_eq!((ran.code, ran.stdout.lines().count()), (1, 1), "{ran:?}");
        assert_eq!(finding(&ran, "handler"), is("problem", "the URL cannot be opened"));
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&told["hint"], told["error"].is_object()), (&hint.into(), true), "{told}");
    }
    assert_eq!(place.run("doctor ://m").code, 1);
    assert_eq!(place.run("doctor").code, 2);
}

#[test]
fn a_place_that_does_not_answer_is_not_asked_twice() {
    let url = "http://me:hunter2@127.0.0.1:1/m?sig=hunter2";
    let ran =
        Place::new().run(&format!("doctor --json --option token=hunter2 --option retries=0 {url}"));
    assert_eq!((ran.code, finding(&ran, "reach").0.as_str()), (1, "problem"), "{ran:?}");
    assert!(findings(&ran, "list").is_empty(), "{ran:?}");
    assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
}

#[test]
fn write_tries_it_and_leaves_no_trace() {
    let place = Place::with_model("models/m");
    fs::create_dir(place.path("empty")).unwrap();
    let before = tree(&place);
    for url in ["models", "models/m", "models/m/model.json", "empty", "nothing/here/m", "."] {
        let ran = place.run(&format!("doctor --json --write {url}"));
        for (check, message) in [
            ("write", "a model was saved and read again"),
            ("conditions", "a save that must not replace is refused"),
            ("delete", "the model that was saved is removed"),
        ] {
            assert_eq!(finding(&ran, check), is("ok", message), "{url}: {ran:?}");
        }
        assert_eq!(tree(&place), before, "{url}");
    }
    let unasked = place.run("doctor --json models/m");
    assert_eq!(finding(&unasked, "write"), is("not checked", "it is not tried unasked"));

    // What must not replace does not hinder the try, nor do weights that are named.
    let weights = "weights=models/m/group1-shard1of1.bin";
    let created = place.run(&format!("doctor --json --write --option {weights} models/m"));
    assert_eq!(finding(&created, "write").0, "ok", "{created:?}");
    assert_eq!(tree(&place), before);
}

/// All paths and what is in the files.
fn tree(place: &Place) -> Vec<(std::path::PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut waiting = vec![place.path("")];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path.clone());
            }
            let bytes = path.is_file().then(|| fs::read(&path).unwrap());
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

#[test]
fn each_setting_is_told_with_its_origin_and_no_secret_is() {
    let place = Place::new();
    let run = |args: &[&str], json: &[&str]| {
        let mut command = place.command();
        let output = command
            .env("AWS_ACCESS_KEY_ID", "hunter1")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2")
            .env("AWS_REGION", "eu-west-1")
            .env("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=hunter4")
            .env("GOOGLE_BEARER_TOKEN", "hunter5")
            .args(["doctor", "--option=max_retries=0", "--option=allow_http=true"])
            .args(args)
            .args(json)
            .output()
            .unwrap();
        assert_eq!(output.stderr, b"");
        String::from_utf8(output.stdout).unwrap()
    };
    let s3 = ["s3://b/m", "--option=endpoint=http://me:hunter3@127.0.0.1:1"];
    let azure =
        ["abfss://c@mine.dfs.core.windows.net/m", "--option=endpoint=http://127.0.0.1:1/mine"];
    let gcs = ["gs://b/m", "--option=base_url=http://127.0.0.1:1"];
    for (args, due) in [
        (
            &s3,
            &[
                "`region` is `eu-west-1`, by the variable AWS_REGION",
                "`access_key_id` is set and not shown, by the variable AWS_ACCESS_KEY_ID",
                "`secret_access_key` is set and not shown, by the variable AWS_SECRET_ACCESS_KEY",
                "`max_retries` is `0`, by an option",
                "`timeout` is `5 minutes`, by default",
            ][..],
        ),
        (
            &azure,
            &[
                "`account_name` is `mine`, by the URL",
                "`sas_key` is set and not shown, by the variable AZURE_STORAGE_SAS_TOKEN",
                "objects are at `http://127.0.0.1:1/mine/c`",
            ],
        ),
        (&gcs, &["`bearer_token` is set and not shown, by the variable GOOGLE_BEARER_TOKEN"]),
    ] {
        for json in [&[][..], &["--json"]] {
            let told = run(args, json);
            assert!(!told.contains("hunter"), "{told}");
            due.iter().for_each(|due| assert!(told.contains(due), "{due}: {told}"));
        }
    }
    let own = place.run("doctor --json --option fsync=false .");
    assert_eq!(finding(&own, "settings"), is("ok", "`fsync` is `false`, by an option"));
    let web = "http://127.0.0.1:1/m";
    let web = place.run(&format!("doctor --json --option token=hunter2 --option retries=0 {web}"));
    let due = ["`retries` is `0`, by an option", "`token` is set and not shown, by an option"];
    assert_eq!(findings(&web, "settings"), due.map(|due| is("ok", due)));
}
