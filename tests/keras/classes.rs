//! One model of each class of Keras, from one of its files to another: nothing of it changes.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::{keras_files::convert, program::finish, reference};
use serde_json::{Value, json};

use super::real;

/// The formats of each Keras, with the options that write them.
/// A `.keras` file is always written for Keras 3.
const FORMS_OF_2: &[(&str, &[&str])] = &[("h5", &[])];
const FORMS_OF_3: &[(&str, &[&str])] = &[("keras", &[]), ("h5", &["--keras", "3"])];

/// Models whose weights have another order, or other values, in the other format, which only Keras
/// knows.
const REFUSED: [&str; 5] =
    ["2.custom_block", "3.SpectralNormalization", "3.custom_block", "3.lora", "3.quantized"];
/// Operations, which Keras itself does not load from HDF5.
const SKIPPED: [&str; 1] = ["3.operations"];

#[test]
fn every_class_keeps_its_configuration_and_weights() {
    let root = tempfile::tempdir().unwrap();
    let full = env::var_os("MODELPORT_FULL").is_some();
    let models = made(root.path(), full);
    let mut batch = Vec::new();
    let mut refused = BTreeSet::new();
    for model in &models {
        let name = model["name"].as_str().unwrap();
        let forms = if model["keras"] == 2 { FORMS_OF_2 } else { FORMS_OF_3 };
        let files: Vec<PathBuf> = serde_json::from_value(model["files"].clone()).unwrap();
        let has = |suffix: &str| files.iter().any(|file| file.extension().unwrap() == suffix);
        for source in &files {
            for (suffix, options) in forms.iter().filter(|(suffix, _)| has(suffix)) {
                let from = source.extension().unwrap().to_str().unwrap();
                let file = root.path().join(format!("{name}.of-{from}.{suffix}"));
                let options = [options, &["--include-optimizer", "--strict", "--json"][..]];
                let ran = convert(&options.concat(), source, &file);
                if REFUSED.contains(&name) && from != *suffix {
                    assert_eq!(ran.error()["kind"], "Unsupported", "{name}");
                    refused.insert(name);
                    continue;
                }
                assert_eq!(ran.code, 0, "{name}, {from} to {suffix}: {}", ran.stderr);
                batch.push(json!({"file": file, "source": source, "keras": model["keras"]}));
            }
        }
    }
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), REFUSED);
    let mut command = Command::new(reference::python_of("keras"));
    command.arg(real::script("classes.py")).arg("check");
    let lines = reference::checked(&mut command, "file", &batch);
    let mut skipped = BTreeSet::new();
    for (line, subject) in lines.iter().zip(&batch) {
        let said = line["said"].as_str().unwrap();
        if said.starts_with("skipped") {
            let source = Path::new(subject["source"].as_str().unwrap());
            skipped.insert(source.file_stem().unwrap().to_str().unwrap().to_owned());
        } else {
            assert_eq!(said, "ok", "{}", subject["file"]);
        }
    }
    let known = skipped.iter().filter(|name| SKIPPED.contains(&name.as_str())).count();
    // What Keras cannot load of its own, it adds to and takes away from with each version.
    assert!(known == SKIPPED.len() && skipped.len() <= if full { 12 } else { 1 }, "{skipped:?}");
}

/// What Keras saved, a line for each model.
fn made(folder: &Path, full: bool) -> Vec<Value> {
    let mut command = Command::new(reference::python_of("keras"));
    command.arg(real::script("classes.py")).arg("make").arg(folder);
    if full {
        command.arg("--all");
    }
    let ran = finish(&mut command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let models: Vec<Value> = lines.collect();
    assert!(models.len() >= if full { 200 } else { 20 }, "{}", models.len());
    assert!(fs::read_dir(folder).unwrap().count() > models.len());
    models
}
