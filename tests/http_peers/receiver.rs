//! The receiver in Flask, and Python programs of its environment.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use modelport_tests::reference;
use serde_json::Value;
use tempfile::TempDir;

/// A receiver that is ended when it is dropped.
pub(crate) struct Receiver {
    child: Child,
    lines: BufReader<ChildStdout>,
    folder: TempDir,
    pub(crate) url: String,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("http_peers/receiver.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut receiver = Self { child, lines, folder, url: String::new() };
        receiver.url = format!("http://127.0.0.1:{}/upload", receiver.line());
        receiver
    }

    /// The next request, as it says.
    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the receiver said {line:?}"))
    }

    /// Where it keeps the model.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that was set up for HTTP.
pub(crate) fn python() -> PathBuf {
    let python = reference::tools().join("http-peers/bin/python");
    assert!(python.is_file(), "{} is missing; run `cargo xtask setup`", python.display());
    python
}
