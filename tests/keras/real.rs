//! Real Keras: one process for many files.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::reference;
use serde_json::{Value, json};

use super::subjects::Subject;

/// Loads the files of `subjects`, predicts, and saves each to the path beside it. What Keras said of
/// each, `ok` or an error; see `check.py`.
pub(super) fn check(subjects: &[(Subject, PathBuf)]) -> Vec<String> {
    let batch: Vec<Value> = subjects
        .iter()
        .map(|(subject, save)| {
            let mut line = one(subject);
            line["save"] = json!(save);
            line
        })
        .collect();
    run(&batch, None)
}

/// Loads the files of `subjects` and predicts, with the Keras 3 that is in the folder `newest` where
/// there is one. What Keras said of each, as [`check`] does.
pub(super) fn predictions(subjects: &[Subject], newest: Option<&Path>) -> Vec<String> {
    run(&subjects.iter().map(one).collect::<Vec<_>>(), newest)
}

fn run(batch: &[Value], newest: Option<&Path>) -> Vec<String> {
    let mut command = Command::new(reference::python_of("keras"));
    if let Some(newest) = newest {
        command.env("PYTHONPATH", newest);
    }
    let lines = reference::checked(command.arg(script("check.py")), "file", batch);
    lines.iter().map(|line| line["predict"].as_str().unwrap().to_owned()).collect()
}

fn one(subject: &Subject) -> Value {
    let mut line = json!({
        "file": subject.file,
        "keras": subject.generation,
        "expected": subject.expected_file,
        "artifact": subject.artifact,
    });
    if let Some(topology) = &subject.topology {
        line["topology"] = json!(topology);
    }
    line
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keras").join(name)
}
