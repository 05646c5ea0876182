//! What a server does with models, wherever it keeps them.

use modelport_tests::{
    fixtures::{self, Fixture},
    model::ModelFiles,
    program,
};
use serde_json::Value;

/// Copies models to the server at `url`, whose store is empty, and checks what it has of them after
/// each change. One model is left.
pub(crate) fn keeps_models(url: &str) {
    let models = format!("{url}/models");
    let back = tempfile::tempdir().unwrap();
    let mut saved = Vec::new();
    for name in ["js-unequal-shards/tfjs-shards", "k2-quant/tfjs-uint8", "w-dtypes/js"] {
        let fixture = fixtures::one(name);
        let there = format!("{models}/{name}");
        program::run(["cp", fixture.dir.to_str().unwrap(), &there]).success();
        assert_same(&fixture, &there, back.path().join(name).to_str().unwrap());
        saved.push(name);
        saved.sort_unstable();
        assert_eq!(names_of(url), saved);
    }
    // The weights of a version that was replaced are gone, those of the new one are there.
    let [first, second, third] = saved[..] else { unreachable!("three were saved") };
    let replaced = format!("{models}/{first}");
    program::run(["cp", fixtures::one(second).dir.to_str().unwrap(), &replaced]).success();
    assert_same(&fixtures::one(second), &replaced, back.path().join("new").to_str().unwrap());
    let refused =
        program::run(["cp", "--json", "--no-clobber", &format!("{models}/{third}"), &replaced]);
    assert_eq!(refused.error()["kind"], "AlreadyExists");

    program::run(["mv", &replaced, &format!("{models}/moved")]).success();
    let moved = back.path().join("moved");
    assert_same(&fixtures::one(second), &format!("{models}/moved"), moved.to_str().unwrap());
    for name in [second, third] {
        program::run(["rm", &format!("{models}/{name}")]).success();
    }
    assert_eq!(names_of(url), ["moved"]);
}

/// The names of the models of the server at `url`.
pub(crate) fn names_of(url: &str) -> Vec<String> {
    let models = format!("{url}/models");
    let listed = program::run(["ls", "--json", &models]).success();
    let mut names: Vec<String> = listed
        .lines()
        .map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let url = entry["url"].as_str().unwrap();
            url.strip_prefix(&models).unwrap().trim_start_matches('/').to_owned()
        })
        .collect();
    names.sort_unstable();
    names
}

fn assert_same(fixture: &Fixture, there: &str, back: &str) {
    program::run(["verify", there]).success();
    program::run(["cp", there, back]).success();
    ModelFiles::read(&fixture.dir).assert_same(&ModelFiles::read(back.as_ref()), there);
}
