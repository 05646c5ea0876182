//! `modelport convert` with files in a bucket.

use std::{collections::BTreeSet, path::PathBuf};

use modelport_tests::{
    program,
    servers::{Seaweed, Users},
};
use serde_json::Value;

use crate::words;

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures", name].iter().collect()
}

#[test]
fn s3_has_files_of_keras_that_are_converted_there_and_back() {
    let server = Seaweed::start(Users::Known);
    let run_with = |option: &str, args: &[&str]| {
        let options = words(option, &server.options());
        program::run(args.iter().copied().chain(options.iter().map(String::as_str)))
    };
    let run = |args: &[&str]| run_with("--option", args);
    let digests = |url: &str| {
        let told = run(&["info", "--digest", "--json", url]).json();
        let weights = told["weights"].as_array().unwrap().clone();
        assert!(!weights.is_empty());
        // Keras 2 and Keras 3 order them in their own ways.
        let pairs = weights.iter().map(|one| [&one["name"], &one["sha256"]].map(Value::to_string));
        pairs.collect::<BTreeSet<_>>()
    };
    let local = fixture("k3-cnn-bn/model.keras");
    let [keras, h5, model, back] =
        ["f/m b.keras", "f/m.h5", "models/m", "models/back"].map(|key| server.url(key).to_string());
    run_with("--to-option", &["convert", local.to_str().unwrap(), &keras]).success();
    run(&["convert", &keras, &model]).success();
    run(&["convert", &model, &h5]).success();
    run(&["convert", &h5, &back]).success();
    assert_eq!(digests(&model), digests(&back));
    let mut keys = server.keys();
    keys.retain(|key| key.starts_with("/f/"));
    assert_eq!(keys, ["/f/m b.keras", "/f/m.h5"]);
    assert_eq!(server.open_uploads(), 0);

    let refused = run(&["--json", "convert", "--no-clobber", &model, &h5]);
    assert_eq!(refused.error()["kind"], "AlreadyExists");
    let missing = server.url("f/no.h5").to_string();
    let refused = run_with("--from-option", &["--json", "convert", &missing, "x"]);
    assert_eq!(refused.error()["kind"], "NotFound");
}
