//! Real TensorFlow.js under Node, and the reader of the Python package `tensorflowjs`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::program::finish;

/// A folder for the reference to read.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The folder.
    pub dir: PathBuf,
    /// The fixture whose inputs it predicts with: its `expected.json` and its key in there.
    pub fixture: Option<(&'a Path, &'a str)>,
}

/// What TensorFlow.js makes of each folder, in order; see `interop/tfjs_check.js`.
pub fn tfjs_check(subjects: &[Subject<'_>]) -> Vec<Value> {
    let batch = subjects.iter().map(|Subject { dir, fixture }| match fixture {
        Some((expected, artifact)) => {
            json!({"dir": dir, "expected": expected, "artifact": artifact})
        }
        None => json!({"dir": dir}),
    });
    checked(node("tfjs_check.js"), batch.collect())
}

/// What the Python reader makes of each folder, in order; see `interop/python_check.py`.
pub fn python_check(dirs: &[PathBuf]) -> Vec<Value> {
    let mut command = Command::new(python());
    command.arg(interop("python_check.py"));
    checked(command, dirs.iter().map(|dir| json!({"dir": dir})).collect())
}

/// Loads the model at `from` with TensorFlow.js and saves it to `to` with tfjs-node's handler.
pub fn tfjs_save(from: &Path, to: &Path) {
    let ran = finish(node("tfjs_save.js").arg(from).arg(to));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// The Python that was set up.
pub fn python() -> PathBuf {
    let python = tools().join("python/bin/python");
    assert!(python.is_file(), "{} is missing; run `cargo xtask setup`", python.display());
    python
}

fn checked(mut command: Command, batch: Vec<Value>) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), serde_json::to_vec(&batch).unwrap()).unwrap();
    let ran = finish(command.arg("--batch").arg(file.path()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked: Vec<_> = batch.iter().map(|subject| &subject["dir"]).collect();
    assert_eq!(lines.iter().map(|line| &line["dir"]).collect::<Vec<_>>(), asked);
    lines
}

fn node(script: &str) -> Command {
    let mut command = node_command();
    command.arg(interop(script));
    command
}

/// Node with real TensorFlow.js at hand; the script is its first argument.
pub fn node_command() -> Command {
    let tools = tools();
    let modules = tools.join("node/node_modules/@tensorflow/tfjs");
    assert!(modules.is_dir(), "{} is missing; run `cargo xtask setup`", modules.display());
    let mut command = Command::new("node");
    command.env("MODELPORT_TOOLS", tools);
    command
}

fn interop(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script)
}

/// The folder of everything that `cargo xtask setup` installs.
pub fn tools() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
    env::var_os("MODELPORT_TOOLS").map_or_else(here, PathBuf::from)
}
