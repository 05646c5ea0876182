//! `fuzz`: coverage-guided fuzzing of what strangers can send, with the stable compiler.
//!
//! The targets are in `fuzz/`, a workspace of its own. What is passed to the compiler here is what
//! cargo-fuzz passes for `--sanitizer none`, so that nothing has to be installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workshop::Workshop;

/// Coverage counters for libFuzzer, and comparisons, so that it finds what is looked for.
const INSTRUMENTATION: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// How many run at one time.
const AT_ONCE: usize = 2;

/// How long each runs in CI.
const CI_SECONDS: u64 = 30;

/// And as a cell on somebody's own machine, where the same is run again and again.
const LOCAL_SECONDS: u64 = 5;

/// What to run, and for how long.
pub(crate) struct Fuzzing {
    /// These targets, or all when there are none.
    pub(crate) targets: Vec<String>,
    /// For each.
    pub(crate) seconds: u64,
    /// Whether to keep what was found, no more of it than is needed.
    pub(crate) keep: bool,
}

impl Default for Fuzzing {
    fn default() -> Self {
        Self { targets: Vec::new(), seconds: CI_SECONDS, keep: false }
    }
}

/// All targets, as long as CI has for it; elsewhere little longer than what is known takes.
pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let seconds = if workshop.ci { CI_SECONDS } else { LOCAL_SECONDS };
    run(workshop, &Fuzzing { seconds, ..Fuzzing::default() })
}

pub(crate) fn run(workshop: &Workshop, fuzzing: &Fuzzing) -> Result<()> {
    let folder = workshop.root.join("fuzz");
    let all = targets(&folder)?;
    if let Some(unknown) = fuzzing.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no target '{unknown}'; the targets are {}", all.join(", "));
    }
    let chosen = if fuzzing.targets.is_empty() { all } else { fuzzing.targets.clone() };
    let programs = build(workshop, &folder)?;

    let found = workshop.root.join("target").join("fuzz");
    let mut waiting = chosen.iter().map(|name| Target::new(&folder, &found, &programs, name));
    let mut running: Vec<Running> = Vec::new();
    let mut failed = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(target) = waiting.next()
        {
            running.push(target.start(fuzzing.seconds)?);
        }
        if running.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        let mut still = Vec::new();
        for mut one in running {
            match one.child.try_wait()? {
                None => still.push(one),
                Some(status) => failed.extend(one.target.tell(status.success())?),
            }
        }
        running = still;
    }
    if !failed.is_empty() {
        bail!("fuzzing found something in {}", failed.join(", "));
    }
    if fuzzing.keep {
        for name in &chosen {
            Target::new(&folder, &found, &programs, name).keep()?;
        }
    }
    Ok(())
}

/// The targets by their files.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all targets, and says where they are.
fn build(workshop: &Workshop, folder: &Path) -> Result<PathBuf> {
    let host = host()?;
    let target_directory = workshop.root.join("target").join("fuzz").join("build");
    // A target that is named is what keeps build scripts and macros without instrumentation. The lock
    // file follows whatever our crates depend on.
    let mut command = workshop.unlocked_cargo(&["build", "--release", "--bins", "--target", &host]);
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target_directory)
        .env("RUSTFLAGS", INSTRUMENTATION.join(" "))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::run(&mut command)?;
    Ok(target_directory.join(host).join("release"))
}

/// The machine's own target.
fn host() -> Result<String> {
    let version = process::read(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what this machine is")?.to_owned())
}

struct Target {
    name: String,
    program: PathBuf,
    /// In the repository: what is known to lead somewhere, and what once failed.
    seeds: PathBuf,
    /// What this machine has found; not in the repository.
    corpus: PathBuf,
    /// What made it fail.
    failures: PathBuf,
    log: PathBuf,
}

struct Running {
    target: Target,
    child: Child,
}

impl Target {
    fn new(folder: &Path, found: &Path, programs: &Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            program: programs.join(name),
            seeds: folder.join("corpus").join(name),
            corpus: found.join("corpus").join(name),
            failures: found.join("failures").join(name),
            log: found.join(format!("{name}.log")),
        }
    }

    fn start(self, seconds: u64) -> Result<Running> {
        for folder in [&self.corpus, &self.failures] {
            fs::create_dir_all(folder)?;
        }
        let log = fs::File::create(&self.log)?;
        let child = self
            .command()
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", self.failures.display()))
            // A second is an age for inputs of this size.
            .args(["-max_len=65536", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .arg(&self.corpus)
            .arg(&self.seeds)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        Ok(Running { target: self, child })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("RUST_BACKTRACE", "1");
        command
    }

    /// Says how it went; the name where it failed.
    fn tell(self, passed: bool) -> Result<Option<String>> {
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        let stat = |name: &str| {
            let line = log.lines().find_map(|line| line.strip_prefix(name));
            line.map_or("?", str::trim).to_owned()
        };
        let coverage = log.lines().rev().find_map(|line| line.split(" cov: ").nth(1));
        let coverage = coverage.and_then(|rest| rest.split(' ').next()).unwrap_or("?");
        println!(
            "{:14} {:>10} inputs, {:>6} new, {coverage} edges, {} MiB",
            self.name,
            stat("stat::number_of_executed_units:"),
            stat("stat::new_units_added:"),
            stat("stat::peak_rss_mb:"),
        );
        if passed {
            return Ok(None);
        }
        // The end says what happened; the input is named there.
        let lines: Vec<_> = log.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(60)) {
            eprintln!("{line}");
        }
        eprintln!("the input is in {}", self.failures.display());
        Ok(Some(self.name))
    }

    /// Puts into the repository what reaches code that what is there does not: as few inputs as do.
    fn keep(&self) -> Result<()> {
        let mut command = self.command();
        command
            .args(["-set_cover_merge=1", "-use_counters=0", "-max_len=4096"])
            .arg(&self.seeds)
            .arg(&self.corpus);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        process::run(&mut command)
    }
}
