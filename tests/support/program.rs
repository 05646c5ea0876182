//! The program `modelport`, run as a user runs it.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit status.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Its output; it must have succeeded without a word on standard error.
    pub fn success(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Its output as JSON; it must have succeeded.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.success()).unwrap()
    }

    /// The error object that it printed for machines; it must have failed with status 1.
    pub fn error(&self) -> Value {
        assert_eq!((self.code, self.stdout.as_str()), (1, ""), "{}", self.stderr);
        serde_json::from_str(&self.stderr).unwrap()
    }
}

/// Runs the program.
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    finish(Command::new(path()).args(arguments))
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Ran {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    Ran {
        code: output.status.code().unwrap_or_else(|| panic!("{command:?}: {}", output.status)),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a program and prints the peak of its memory in KiB. Python is small itself, so that what
/// counts before the program is loaded does not.
const WATCH: &str = "\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)";

/// The peak of the memory of a command, which must succeed, measured by Python.
pub fn peak_bytes(python: &Path, command: &Command) -> u64 {
    let (ran, peak) = watch(python, command);
    ran.success();
    peak
}

/// Runs a command to its end, measured by Python: what it gave, but for its output, and the peak of
/// its memory in bytes.
pub fn watch(python: &Path, command: &Command) -> (Ran, u64) {
    let mut watched = Command::new(python);
    watched.args(["-c", WATCH]).arg(command.get_program()).args(command.get_args());
    let mut ran = finish(&mut watched);
    let kibibytes: u64 = std::mem::take(&mut ran.stdout).trim().parse().unwrap();
    (ran, kibibytes * 1024)
}

/// Where the program is: what the test matrix built, or else what Cargo builds now.
pub fn path() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match env::var_os("MODELPORT_BIN") {
        Some(path) => {
            let path = PathBuf::from(path);
            assert!(path.is_file(), "MODELPORT_BIN is {}, which is no file", path.display());
            path
        }
        None => build(),
    })
}

fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--package=modelport-cli", "--all-features", "--message-format=json"];
    let mut command = Command::new(cargo);
    let ran = finish(command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")));
    assert_eq!(ran.code, 0, "the program does not build: {}", ran.stderr);
    let messages = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .expect("Cargo says where it put the program")
}
