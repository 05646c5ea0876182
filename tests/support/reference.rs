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
    checked(&mut node("tfjs_check.js"), "dir", &batch.collect::<Vec<_>>())
}

/// What the Python reader makes of each folder, in order; see `interop/python_check.py`.
pub fn python_check(dirs: &[PathBuf]) -> Vec<Value> {
    let mut command = Command::new(python());
    command.arg(interop("python_check.py"));
    checked(&mut command, "dir", &dirs.iter().map(|dir| json!({"dir": dir})).collect::<Vec<_>>())
}

/// Loads the model at `from` with TensorFlow.js and saves it to `to` with tfjs-node's handler.
pub fn tfjs_save(from: &Path, to: &Path) {
    let ran = finish(node("tfjs_save.js").arg(from).arg(to));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// The Python that has the reader.
pub fn python() -> PathBuf {
    python_of("python")
}

/// The Python that was set up as this component.
pub fn python_of(component: &str) -> PathBuf {
    let python = tools().join(component).join("bin/python");
    assert!(python.is_file(), "{} is missing; run `cargo xtask setup`", python.display());
    python
}

/// What `command` says of each subject of a batch, a line of JSON each, which repeats its `key`.
pub fn checked(command: &mut Command, key: &str, batch: &[Value]) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), serde_json::to_vec(batch).unwrap()).unwrap();
    let ran = finish(command.arg("--batch").arg(file.path()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked: Vec<_> = batch.iter().map(|subject| &subject[key]).collect();
    assert_eq!(lines.iter().map(|line| &line[key]).collect::<Vec<_>>(), asked);
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
