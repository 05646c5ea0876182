//! Training that goes on: the next steps are those that would have come without the conversion.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use modelport_tests::{keras_files::convert, program::finish, reference};
use serde_json::{Value, json};

use super::real;

/// Predictions differ by less than this where training goes on.
const NEAR: f64 = 1e-3;
/// And by more where an optimizer starts anew.
const FAR: f64 = 1e-2;

/// A file of Keras that takes its training on, by the options that write it.
const FORMS: [(&str, u8); 2] = [("h5", 2), ("keras", 3)];

#[test]
fn keras_goes_on_with_what_tensorflow_js_trained() {
    let root = tempfile::tempdir().unwrap();
    let trained = predictions(javascript(&["train"], [root.path()]));
    assert_eq!(trained.len(), 8);
    let mut batch = Vec::new();
    for name in trained.keys() {
        let folder = root.path().join(name);
        for (suffix, keras) in FORMS {
            for (kept, options) in [("kept", &["--include-optimizer"][..]), ("anew", &[])] {
                let file = root.path().join(format!("{name}.{kept}.{suffix}"));
                convert(options, &folder, &file).success();
                batch.push(json!({
                    "name": format!("{name} {kept} {suffix}"),
                    "file": file, "keras": keras, "data": folder.join("data.json"),
                }));
            }
        }
    }
    let file = root.path().join("batch.json");
    fs::write(&file, json!(batch).to_string()).unwrap();
    let resumed = predictions(python("go", &file));
    for (name, want) in &trained {
        for (suffix, _) in FORMS {
            let got = |kept: &str| distance(want, &resumed[&format!("{name} {kept} {suffix}")]);
            assert!(got("kept") < NEAR, "{name} as {suffix}: {}", got("kept"));
            // Plain descent has nothing to keep but the number of its steps.
            assert!(got("anew") > FAR || name == "sgd", "{name} as {suffix}: {}", got("anew"));
        }
    }
}

#[test]
fn tensorflow_js_goes_on_with_what_keras_trained() {
    let root = tempfile::tempdir().unwrap();
    let trained = python("train", root.path());
    assert_eq!(trained.len(), 31);
    for (options, is_kept) in [(&["--include-optimizer"][..], true), (&[], false)] {
        let mut folders = Vec::new();
        for line in &trained {
            let name = line["name"].as_str().unwrap().replace('.', " ");
            let folder = root.path().join(format!("{name} {is_kept}"));
            convert(options, Path::new(line["file"].as_str().unwrap()), &folder).success();
            fs::copy(line["data"].as_str().unwrap(), folder.join("data.json")).unwrap();
            folders.push(folder);
        }
        let resumed = javascript(&["go"], &folders);
        for (line, got) in trained.iter().zip(&resumed) {
            let name = line["name"].as_str().unwrap();
            let distance = distance(&numbers(line), &numbers(got));
            if is_kept {
                assert!(distance < NEAR, "{name}: {distance}");
            } else {
                assert!(distance > FAR || name.starts_with("sgd"), "{name}: {distance}");
            }
        }
    }
}

/// There and back, every variable has the bytes that it had.
#[test]
fn a_round_trip_keeps_every_variable() {
    let root = tempfile::tempdir().unwrap();
    let trained = predictions(javascript(&["train"], [root.path()]));
    for name in trained.keys() {
        let folder = root.path().join(name);
        let variables = weights(&folder);
        for (suffix, options) in
            [("2.h5", &["--keras", "2"][..]), ("3.h5", &["--keras", "3"]), ("keras", &[])]
        {
            let file = root.path().join(format!("{name}.{suffix}"));
            let back = root.path().join(format!("{name}.{suffix}.back"));
            convert(&[options, &["--include-optimizer"]].concat(), &folder, &file).success();
            convert(&["--include-optimizer"], &file, &back).success();
            let again = weights(&back);
            let of = |all: &[Value]| -> Vec<Value> {
                let all = all.iter().map(|weight| {
                    // A momentum that is not used starts anew; one that is scaled is rounded.
                    let name = weight["name"].as_str().unwrap();
                    let is_other = name.ends_with("/momentum");
                    let sum = if is_other { &Value::Null } else { &weight["sha256"] };
                    json!([weight["shape"], weight["dtype"], sum])
                });
                let mut all: Vec<Value> = all.collect();
                all.sort_by_key(Value::to_string);
                all
            };
            assert_eq!(of(&again), of(&variables), "{name} as {suffix}");
        }
    }
}

fn weights(folder: &Path) -> Vec<Value> {
    let info = ["info", "--digest", "--json", folder.to_str().unwrap()];
    let info = modelport_tests::program::run(info).json();
    let all = info["weights"].as_array().unwrap().clone();
    assert!(all.iter().any(|weight| weight["group"] == "optimizer"), "{all:?}");
    all
}

fn javascript<'a>(
    how: &[&str],
    places: impl IntoIterator<Item = &'a (impl AsRef<Path> + ?Sized + 'a)>,
) -> Vec<Value> {
    let mut command = reference::node_command();
    command.arg(real::script("resume.js")).args(how);
    lines(command.args(places.into_iter().map(AsRef::as_ref)))
}

fn python(how: &str, place: &Path) -> Vec<Value> {
    let mut command = Command::new(reference::python_of("keras"));
    lines(command.arg(real::script("resume.py")).arg(how).arg(place))
}

fn lines(command: &mut Command) -> Vec<Value> {
    let ran = finish(command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn predictions(lines: Vec<Value>) -> BTreeMap<String, Vec<f64>> {
    let pair = |line: Value| (line["name"].as_str().unwrap().to_owned(), numbers(&line));
    lines.into_iter().map(pair).collect()
}

fn numbers(line: &Value) -> Vec<f64> {
    line["prediction"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn distance(one: &[f64], two: &[f64]) -> f64 {
    assert_eq!(one.len(), two.len());
    one.iter().zip(two).map(|(one, two)| (one - two).abs()).fold(0.0, f64::max)
}
