//! Real Keras: one process for many files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::{program::finish, reference};
use serde_json::{Value, json};

use super::subjects::Subject;

/// What Keras said of a file; see `check.py`.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// `ok` or an error.
    pub(super) predict: String,
}

/// Loads the files of `subjects`, predicts, and saves each to the path beside it.
pub(super) fn check(subjects: &[(Subject, PathBuf)]) -> Vec<Answer> {
    let batch: Vec<Value> = subjects.iter().map(|(subject, save)| one(subject, save)).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), serde_json::to_vec(&batch).unwrap()).unwrap();
    let mut command = Command::new(python());
    command.arg(script("check.py")).arg("--batch").arg(file.path());
    let ran = finish(&mut command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), subjects.len(), "{}", ran.stderr);
    lines
        .iter()
        .zip(subjects)
        .map(|(line, (subject, _))| {
            assert_eq!(line["file"], json!(subject.file));
            let predict = line["predict"].as_str().unwrap().to_owned();
            Answer { predict }
        })
        .collect()
}

fn one(subject: &Subject, save: &Path) -> Value {
    let mut line = json!({
        "file": subject.file,
        "keras": subject.generation,
        "expected": subject.expected_file,
        "artifact": subject.artifact,
        "save": save,
    });
    if let Some(topology) = &subject.topology {
        line["topology"] = json!(topology);
    }
    line
}

/// The Python that has Keras and the reference converter.
pub(super) fn python() -> PathBuf {
    let python = reference::tools().join("keras/bin/python");
    assert!(python.is_file(), "{} is missing; run `cargo xtask setup`", python.display());
    python
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keras").join(name)
}
