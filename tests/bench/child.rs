//! A case in a process of its own: its memory is fresh, and its peak is that of the case alone.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cases::{self, Case, Work};
use crate::memory;
use crate::workplace::Workplace;

/// What one process measured.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Of the operation alone: neither the start of the process nor making the model.
    pub(crate) seconds: f64,
    /// Of the process, where the system tells.
    pub(crate) peak_bytes: Option<u64>,
    /// How long processors worked for it, which says more than the time on a busy machine.
    pub(crate) cpu_seconds: Option<f64>,
    /// The same of the server at the other end.
    pub(crate) server_cpu_seconds: Option<f64>,
}

impl Sample {
    /// Of a program that this process started and waited for, the only one.
    pub(crate) fn of_children(time: Duration) -> Self {
        Self {
            seconds: time.as_secs_f64(),
            peak_bytes: memory::peak_of_children(),
            cpu_seconds: memory::cpu_of_children(),
            server_cpu_seconds: None,
        }
    }

    /// Of something that this process did itself.
    pub(crate) fn of_this_process(time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        Self { seconds, peak_bytes: memory::peak(), ..Self::default() }
    }
}

/// Does `work`, and how long that took.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let start = Instant::now();
    let outcome = work()?;
    Ok((start.elapsed(), outcome))
}

/// In the child: does the case and prints what it measured.
pub(crate) fn run(id: &str, folder: &Path, bytes: u64) -> Result<()> {
    let Work::Child(work) = cases::find(id)?.work else {
        bail!("`{id}` does not run in this program");
    };
    let sample = work(folder, bytes)?;
    println!(
        "{}",
        json!({ "seconds": sample.seconds, "maxRssBytes": sample.peak_bytes, "cpuSeconds": sample.cpu_seconds })
    );
    Ok(())
}

/// Runs the case in a fresh process.
pub(crate) fn measure(
    workplace: &Workplace,
    case: &Case,
    folder: &Path,
    bytes: u64,
) -> Result<Sample> {
    measure_with(workplace, case, folder, bytes, &[])
}

/// The same with more in its environment.
pub(crate) fn measure_with(
    workplace: &Workplace,
    case: &Case,
    folder: &Path,
    bytes: u64,
    environment: &[(&str, OsString)],
) -> Result<Sample> {
    let mut command = match case.work {
        Work::Child(_) => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["child", case.id]);
            command
        }
        Work::Node(operation) => node(workplace, "tfjs_file_bench.js", operation),
        Work::NodeHttp(operation) => node(workplace, "tfjs_http_bench.js", operation),
    };
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.arg(folder).arg(bytes.to_string()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot start {}", case.title))?;
    if !output.status.success() {
        bail!("{}: {}", case.title, output.status);
    }
    parse(&output.stdout).with_context(|| format!("{} says something else", case.title))
}

fn node(workplace: &Workplace, script: &str, operation: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(workplace.root.join("tests/interop").join(script)).arg(operation);
    command.env("MODELPORT_TOOLS", &workplace.tools);
    command
}

fn parse(line: &[u8]) -> Result<Sample> {
    let line: Value = serde_json::from_slice(line)?;
    Ok(Sample {
        seconds: line.get("seconds").and_then(Value::as_f64).context("no seconds")?,
        peak_bytes: line.get("maxRssBytes").and_then(Value::as_u64),
        cpu_seconds: line.get("cpuSeconds").and_then(Value::as_f64),
        server_cpu_seconds: None,
    })
}
