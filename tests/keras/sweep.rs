//! Each option of each class that TensorFlow.js has, and masks in each way through a model: what is
//! converted without a word predicts the same, and what is refused does not.

use std::{collections::HashSet, env, fs, path::Path, process::Command};

use modelport_tests::{keras_files::convert, program::finish, reference};
use serde_json::{Value, json};

use super::real;

/// The rules for options, which the converter reads.
const RULES: &str = include_str!("../../crates/modelport-convert/src/topology/options.tsv");

/// Rules whose models Keras does not save, or saves as classes that TensorFlow.js does not have.
const UNTRIED: &[&str] = &["ragged", "sparse", "renorm"];

/// What became of a model.
#[derive(Debug)]
struct Tried {
    name: String,
    /// Why it was refused.
    refusal: Option<String>,
    /// `same`, `other: ...` or `fails: ...` in TensorFlow.js; of what was refused, with `--force`.
    result: Option<String>,
}

#[test]
fn options_and_masks_predict_the_same_or_are_refused() {
    let is_full = env::var_os("MODELPORT_FULL").is_some();
    let tried = sweep(if is_full { "full" } else { "sample" });
    assert!(tried.len() > if is_full { 900 } else { 100 }, "{} models", tried.len());
    let is_right = |model: &&Tried| match (&model.refusal, model.result.as_deref()) {
        (None, result) => result == Some("same"),
        // A class that TensorFlow.js does not have is not converted by force alone.
        (Some(_), result) => result != Some("same"),
    };
    let wrong: Vec<&Tried> = tried.iter().filter(|model| !is_right(model)).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), tried.len());
    let count = |is_refused| tried.iter().filter(|m| m.refusal.is_some() == is_refused).count();
    assert!(count(true) > 30 && count(false) > 30, "nothing was compared");
    if is_full {
        assert_every_rule_is_tried(&tried);
    }
}

#[test]
fn documentation_lists_every_rule_for_options() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/keras.md");
    let page = fs::read_to_string(page).unwrap();
    for line in RULES.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [classes, option, value, result, _] = cells[..] else { panic!("{line}") };
        let classes: Vec<String> = classes.split(',').map(|class| format!("`{class}`")).collect();
        let row = format!("| {} | `{option}` | {value} | {result} |", classes.join(", "));
        assert!(page.lines().any(|line| line == row), "docs/keras.md lacks {row}");
    }
}

/// Lets Keras save the models, converts them, and lets TensorFlow.js predict.
fn sweep(which: &str) -> Vec<Tried> {
    let root = tempfile::tempdir().unwrap();
    let mut command = Command::new(reference::python_of("keras"));
    let saved = finish(command.arg(real::script("sweep.py")).arg(root.path()).arg(which));
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let mut tried = Vec::new();
    let mut batch = Vec::new();
    for line in saved.stdout.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line.get("unbuilt").is_some() {
            continue;
        }
        let dir = root.path().join(format!("tfjs-{}", tried.len()));
        let file = line["file"].as_str().unwrap().to_owned();
        let (refusal, is_converted) = convert_or_force(file.as_ref(), &dir);
        if is_converted {
            line["dir"] = json!(dir);
            batch.push(line.to_string());
        }
        let name = line["name"].as_str().unwrap().to_owned();
        tried.push(Tried { name, refusal, result: None });
    }
    let list = root.path().join("list.jsonl");
    fs::write(&list, batch.join("\n")).unwrap();
    let predicted = finish(reference::node_command().arg(real::script("sweep.js")).arg(list));
    for line in predicted.success().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = tried.iter_mut().find(|model| line["name"] == json!(model.name)).unwrap();
        of.result = Some(line["result"].as_str().unwrap().to_owned());
    }
    tried
}

/// The refusal, if there is one, and whether there is a model now.
fn convert_or_force(file: &Path, dir: &Path) -> (Option<String>, bool) {
    let converted = convert(&["--strict", "--json"], file, dir);
    if converted.code == 0 {
        return (None, true);
    }
    let refusal = converted.error();
    assert_eq!(refusal["kind"], "Unsupported", "{}: {refusal}", file.display());
    let forced = convert(&["--force", "--json"], file, dir);
    (Some(refusal["error"].as_str().unwrap().to_owned()), forced.code == 0)
}

fn assert_every_rule_is_tried(tried: &[Tried]) {
    let refusals: HashSet<String> = tried
        .iter()
        .filter_map(|model| Some(format!("{} {}", model.name, model.refusal.as_ref()?)))
        .collect();
    for line in RULES.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [classes, option, _, _, report] = cells[..] else { panic!("{line}") };
        if UNTRIED.contains(&option) {
            continue;
        }
        let said = match report.strip_prefix("unsupported: ") {
            Some(problem) => problem.to_owned(),
            None => format!("`{option}`"),
        };
        let of = |class: &str| {
            refusals.iter().any(|refusal| refusal.starts_with(class) && refusal.contains(&said))
        };
        assert!(classes.split(',').any(of), "no model shows {line}");
    }
}
