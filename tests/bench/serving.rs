//! The servers of the benchmark: `modelport serve`, and one that is far away.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::memory;
use crate::program;

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "it serves the tests, too")]
#[allow(dead_code, unreachable_pub, reason = "it serves the tests, too")]
#[path = "../../crates/io-http/tests/support/server.rs"]
mod scripted;

/// In a case's folder: the file that says where its model is on the server.
pub(crate) const URL: &str = "url";

/// How long a far server takes for each request.
pub(crate) const DELAY: Duration = Duration::from_millis(50);

/// `modelport serve`, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Of the model that all cases use.
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(root: &Path) -> Result<Self> {
        let mut command = Command::new(program::path()?);
        command.args(["serve", "--json", "--addr", "127.0.0.1:0", "--log", "none", "--root"]);
        command.arg(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().context("cannot start modelport serve")?;
        let mut line = String::new();
        let output = child.stdout.take().context("it has no output")?;
        // Ended with the value, whatever it says.
        let mut server = Self { child, url: String::new() };
        BufReader::new(output).read_line(&mut line)?;
        let line: Value = serde_json::from_str(&line)?;
        let origin = line.get("url").and_then(Value::as_str).context("it does not say where")?;
        server.url = format!("{origin}/models/bench");
        Ok(server)
    }

    /// Its peak memory, and how long processors worked for it so far.
    pub(crate) fn usage(&self) -> (Option<u64>, Option<f64>) {
        memory::of_process(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files of a folder on a server that answers each request after a while.
pub(crate) struct FarServer(scripted::Server);

impl FarServer {
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            files.insert(format!("/{}", entry.file_name().display()), fs::read(entry.path())?);
        }
        Ok(Self(scripted::Server::start(move |exchange| {
            thread::sleep(DELAY);
            match files.get(&exchange.target) {
                Some(bytes) => exchange.file("\"1\"", bytes),
                None => exchange.answer(404, &[], b""),
            }
        })))
    }

    pub(crate) fn url(&self) -> String {
        self.0.origin()
    }
}
