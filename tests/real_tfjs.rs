//! What modelport writes, in real TensorFlow.js, and the other way round.

use std::path::Path;

use modelport_tests::{
    fixtures::{self, Fixture},
    model::ModelFiles,
    program,
    reference::{self, Subject},
};
use serde_json::Value;

#[test]
fn every_copy_loads_in_tfjs_and_predicts_what_the_original_does() {
    let root = tempfile::tempdir().unwrap();
    let fixtures = fixtures::all();
    let mut subjects = Vec::new();
    for fixture in &fixtures {
        for options in [&[][..], &["--shard-bytes", "1000"]] {
            let dir = root.path().join(format!("{}{}", fixture.flat_name(), options.concat()));
            let [from, to] = [&fixture.dir, &dir].map(|dir| dir.to_str().unwrap());
            program::run([&["cp", from, to], options].concat()).success();
            subjects.push((fixture, of(fixture, &dir)));
        }
    }
    let lines = checked(&subjects);
    let predicted = lines.iter().filter(|line| line["predict"] == "ok").count();
    assert!(predicted > 50, "only {predicted} of {} models predict", lines.len());
}

/// What tfjs-node writes loads here, with the same weights, and is copied like anything else.
#[test]
fn a_model_that_tfjs_node_saved_loads_here() {
    let root = tempfile::tempdir().unwrap();
    for name in [
        "js-seq-dense-opt/tfjs",
        "js-unequal-shards/tfjs-shards",
        "k2-quant/tfjs-uint8",
        "g-mlp/tfjs",
        "w-dtypes/js",
    ] {
        let fixture = fixtures::one(name);
        let [saved, copied] = ["saved", "copied"].map(|part| root.path().join(name).join(part));
        reference::tfjs_save(&fixture.dir, &saved);
        let weights = digests(&saved);
        assert_eq!(sorted(&weights), sorted(&fixture.expected["weights"]), "{name}");

        program::run(["cp", saved.to_str().unwrap(), copied.to_str().unwrap()]).success();
        ModelFiles::read(&saved).assert_same(&ModelFiles::read(&copied), name);
        assert_eq!(digests(&copied), weights, "{name}");
    }
}

/// The digests in an order of their own, since TensorFlow.js may choose one: those of the model,
/// since it does not save the state of the optimizer.
fn sorted(weights: &Value) -> Vec<&Value> {
    let weights = weights.as_array().unwrap().iter();
    let of_model = weights.filter(|weight| weight["group"] != "optimizer");
    let mut digests: Vec<_> = of_model.map(|weight| &weight["sha256"]).collect();
    digests.sort_by_key(|digest| digest.as_str());
    digests
}

/// tfjs-node leaves out the graph that initialises tables; we must not.
#[test]
fn the_initializer_of_a_graph_model_is_kept_where_tfjs_node_drops_it() {
    let root = tempfile::tempdir().unwrap();
    let fixture = fixtures::one("g-hashtable/tfjs");
    let [theirs, ours] = ["theirs", "ours"].map(|name| root.path().join(name));
    let [from, to] = [&fixture.dir, &ours].map(|dir| dir.to_str().unwrap());
    program::run(["cp", from, to]).success();
    reference::tfjs_save(&fixture.dir, &theirs);
    let [original, theirs, ours] =
        [&fixture.dir, &theirs, &ours].map(|dir| ModelFiles::read(dir).parts);
    for key in ["modelInitializer", "initializerSignature"] {
        assert!(original[key].len() > 2);
        assert_eq!(ours[key], original[key]);
        assert!(!theirs.contains_key(key), "tfjs-node keeps {key} now");
    }
}

fn of<'a>(fixture: &'a Fixture, dir: &Path) -> Subject<'a> {
    let expected = (fixture.expected_file.as_path(), fixture.artifact.as_str());
    Subject { dir: dir.to_owned(), fixture: Some(expected) }
}

/// Runs all in one Node, and compares with what TensorFlow.js made of the originals.
fn checked(subjects: &[(&Fixture, Subject<'_>)]) -> Vec<Value> {
    let batch: Vec<_> = subjects.iter().map(|(_, subject)| subject.clone()).collect();
    let lines = reference::tfjs_check(&batch);
    for (line, (fixture, _)) in lines.iter().zip(subjects) {
        let known = &fixture.expected["tfjs_check"];
        match known["weights"].as_str().unwrap() {
            "same bytes as the Python reader" => {
                assert_eq!(line["weights"], fixture.weights(), "{line}");
            }
            refusal => assert_eq!(line["weightsError"], refusal, "{line}"),
        }
        assert_eq!(without_counters(&line["predict"]), without_counters(&known["predict"]));
    }
    lines
}

/// TensorFlow.js numbers its tensors: `x_7` in one run is `x_1` in another.
fn without_counters(answer: &Value) -> Option<String> {
    let text = answer.as_str()?;
    let mut parts = text.split("'x_");
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        plain.push_str("'x_");
        plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    Some(plain)
}

fn digests(dir: &Path) -> Value {
    let info = program::run(["info", "--digest", "--json", dir.to_str().unwrap()]).json();
    info["weights"].clone()
}
