//! `modelport serve`, run as a user runs it.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use modelport_tests::program;
use serde_json::Value;

/// A server that is ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    log: Option<JoinHandle<String>>,
    pub(crate) url: String,
}

impl Server {
    /// Serves what is at `root`, a folder or a URL.
    pub(crate) fn start(root: impl AsRef<OsStr>, arguments: &[&str]) -> Self {
        let (mut this, mut stderr) = Self::start_unread(root, arguments);
        this.log = Some(thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        }));
        this
    }

    /// The same, whose log nobody reads but by what is returned.
    pub(crate) fn start_unread(root: impl AsRef<OsStr>, arguments: &[&str]) -> (Self, ChildStderr) {
        let mut child = Command::new(program::path())
            .args(["serve", "--json", "--addr", "127.0.0.1:0", "--log", "json", "--root"])
            .arg(root)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("said {line:?}"));
        let stderr = child.stderr.take().unwrap();
        (Self { child, log: None, url: said["url"].as_str().unwrap().to_owned() }, stderr)
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The host and the port.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// Sends the signal that asks to stop.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// How it ended, and its log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(start.elapsed() < Duration::from_secs(30), "it does not end"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let log = self.log.take().map(|log| log.join().unwrap());
        (status, log.unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
