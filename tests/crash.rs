//! Saves that are killed, or whose system calls fail, at any moment.
//!
//! After each, three readers look: ours, one that knows nothing of our protocol, and the next save,
//! which must leave no debris.

#[path = "crash/model.rs"]
mod model;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, IOHandler};
use io_fs::FsHandler;

const OLD: u32 = 3;
const NEW: u32 = 4;

/// The calls of a save that change what is on disk. Between two of them nothing changes.
const CHANGES: &str = "mkdir,mkdirat,write,pwrite64,ftruncate,fsync,fdatasync,link,linkat,rename,\
                       renameat,renameat2,unlink,unlinkat,rmdir,copy_file_range,sendfile";

#[test]
fn killed_at_random_moments() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("m");
    let mut random = Random(20_261_122);
    let (mut seed, mut debris) = (0, 0);
    save(&directory, seed);
    for _ in 0..500 {
        let mut child =
            child(&["loop", text(&directory), &(seed + 1).to_string()]).spawn().unwrap();
        thread::sleep(Duration::from_micros(1_000 + random.below(20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        // Some save of the loop was the last; the next one starts where it was.
        seed = found(&directory).unwrap().max(seed);
        debris += usize::from(names(&directory).iter().any(|name| name.starts_with('.')));
        if random.below(4) == 0 {
            seed += 1;
            save(&directory, seed);
            assert_eq!(names(&directory), files(seed));
        }
    }
    seed += 1;
    save(&directory, seed);
    assert_eq!(names(&directory), files(seed));
    assert!(debris > 100, "only {debris} of 500 kills came in the middle of a save");
}

#[test]
fn killed_at_every_call_of_a_save_over_an_old_model() {
    let seen = kill_at_every_call(&["save", "DIR", "4"], Some(OLD), |state| {
        assert!(state == Some(OLD) || state == Some(NEW), "{state:?}");
    });
    assert!(seen.contains(&Some(OLD)) && seen.contains(&Some(NEW)), "{seen:?}");
}

#[test]
fn killed_at_every_call_of_a_first_save() {
    let seen = kill_at_every_call(&["save", "DIR", "4"], None, |state| {
        assert!(state.is_none() || state == Some(NEW), "{state:?}");
    });
    assert!(seen.contains(&None) && seen.contains(&Some(NEW)), "{seen:?}");
}

#[test]
fn killed_at_every_call_of_a_remove() {
    let seen = kill_at_every_call(&["remove", "DIR"], Some(OLD), |state| {
        assert!(state.is_none() || state == Some(OLD), "{state:?}");
    });
    assert!(seen.contains(&None) && seen.contains(&Some(OLD)), "{seen:?}");
}

#[test]
fn killed_at_every_call_of_a_save_of_one_file() {
    let command = ["file", "DIR", "4"];
    let mut seen = BTreeSet::new();
    for Call { name, number } in calls(&command, None) {
        let place = Place::new(None);
        let kill = format!("inject={name}:signal=SIGKILL:when={number}");
        assert!(!place.run(&command, &[kill]).success(), "{name} {number} was not reached");
        let file = place.directory().join(model::FILE);
        let found = fs::read(&file).ok();
        assert!(found.is_none() || found == Some(model::weights(NEW)), "after {name} {number}");
        seen.insert(found.is_some());
        let old = model::weights(OLD).into();
        block_on(io_fs::save_file(&file, &old, &HandlerOptions::new())).unwrap();
        assert_eq!(fs::read(&file).unwrap(), model::weights(OLD));
        assert_eq!(names(&place.directory()), [model::FILE]);
    }
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn an_error_of_any_one_call_leaves_the_old_model_or_completes_the_save() {
    let outcomes = fail_at_every_call(false, |status, state| {
        let expected = if status.success() { NEW } else { OLD };
        assert_eq!(state, Some(expected), "{status}");
    });
    assert_eq!(outcomes, BTreeSet::from([false, true]));
}

#[test]
fn when_every_call_fails_from_one_on_the_model_is_whole_all_the_same() {
    fail_at_every_call(true, |_, state| {
        assert!(state == Some(OLD) || state == Some(NEW), "{state:?}");
    });
}

#[test]
fn without_links_what_is_copied_in_their_place_is_flushed() {
    let place = Place::new(Some(OLD));
    let no_links = ["inject=link,linkat:error=EPERM".to_owned(), format!("trace={CHANGES}")];
    assert!(place.run(&["save", "DIR", "4"], &no_links).success());
    assert_eq!(place.state(), Some(NEW));
    assert_eq!(names(&place.directory()), files(NEW));
    let log = fs::read_to_string(place.log()).unwrap();
    let calls: Vec<&str> = log.lines().map(|line| call_of(line).1).collect();
    let copied = |call: &str| ["copy_file_range", "sendfile"].contains(&call);
    let after: Vec<&str> = calls
        .windows(2)
        .filter(|pair| copied(pair[0]) && !copied(pair[1]))
        .map(|pair| pair[1])
        .collect();
    // The old JSON file and each weight file.
    assert_eq!(after, vec!["fsync"; files(NEW).len()], "{log}");
}

#[test]
fn without_links_a_new_file_is_created_and_none_is_replaced() {
    let place = Place::new(None);
    let no_links = ["inject=link,linkat:error=EPERM".to_owned()];
    let file = place.directory().join(model::FILE);
    assert!(place.run(&["new-file", "DIR", "4"], &no_links).success());
    assert!(!place.run(&["new-file", "DIR", "3"], &no_links).success());
    assert_eq!(fs::read(&file).unwrap(), model::weights(4));
    assert_eq!(names(&place.directory()), [model::FILE]);
}

/// Kills the command at each of its changing calls in turn, and returns the states it left.
fn kill_at_every_call(
    command: &[&str],
    old: Option<u32>,
    check: impl Fn(Option<u32>),
) -> BTreeSet<Option<u32>> {
    let mut seen = BTreeSet::new();
    for Call { name, number } in calls(command, old) {
        let place = Place::new(old);
        let kill = format!("inject={name}:signal=SIGKILL:when={number}");
        assert!(!place.run(command, &[kill]).success(), "{name} {number} was not reached");
        check(place.state());
        seen.insert(place.state());
        place.next_save_cleans_up();
    }
    // And when nothing stops it.
    let place = Place::new(old);
    assert!(place.run(command, &[format!("trace={CHANGES}")]).success());
    seen.insert(place.state());
    seen
}

/// Lets each changing call of a save fail in turn, or all from it on; returns whether saves
/// succeeded.
fn fail_at_every_call(and_later: bool, check: impl Fn(ExitStatus, Option<u32>)) -> BTreeSet<bool> {
    let command = ["save", "DIR", "4"];
    let calls = calls(&command, Some(OLD));
    let mut outcomes = BTreeSet::new();
    for error in ["ENOSPC", "EIO"] {
        for (place_in_order, Call { name, number }) in calls.iter().enumerate() {
            let fails = if and_later {
                // Each kind of call from its first one at this moment or later.
                let names: BTreeSet<&str> = CHANGES.split(',').collect();
                let earlier = |name: &str| {
                    calls[..place_in_order].iter().filter(|call| call.name == name).count()
                };
                names
                    .into_iter()
                    .map(|name| format!("inject={name}:error={error}:when={}+", earlier(name) + 1))
                    .collect()
            } else {
                vec![format!("inject={name}:error={error}:when={number}")]
            };
            let place = Place::new(Some(OLD));
            let status = place.run(&command, &fails);
            check(status, place.state());
            outcomes.insert(status.success());
            place.next_save_cleans_up();
        }
    }
    outcomes
}

/// One system call of a run: the `number`-th of its name.
struct Call {
    name: String,
    number: usize,
}

/// The changing calls of a command, in order.
fn calls(command: &[&str], old: Option<u32>) -> Vec<Call> {
    let place = Place::new(old);
    assert!(place.run(command, &[format!("trace={CHANGES}")]).success());
    let log = fs::read_to_string(place.log()).unwrap();
    let mut calls: Vec<Call> = Vec::new();
    let mut threads = BTreeSet::new();
    for line in log.lines() {
        let (thread, name) = call_of(line);
        let number = calls.iter().filter(|call| call.name == name).count() + 1;
        calls.push(Call { name: name.to_owned(), number });
        threads.insert(thread);
    }
    assert_eq!(threads.len(), 1, "{log}");
    assert!(calls.len() > 6, "{log}");
    calls
}

/// The thread and the name of the call in a line of strace's.
fn call_of(line: &str) -> (&str, &str) {
    let (thread, call) = line.split_once(' ').unwrap();
    let (name, _) = call.trim_start().split_once('(').unwrap_or_else(|| panic!("{line}"));
    (thread, name)
}

/// A directory with an old model, or without.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new(old: Option<u32>) -> Self {
        let place = Self { root: tempfile::tempdir().unwrap() };
        if let Some(old) = old {
            save(&place.directory(), old);
        }
        place
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join("m")
    }

    fn log(&self) -> PathBuf {
        self.root.path().join("strace.log")
    }

    /// Runs the child under strace with `expressions`.
    fn run(&self, command: &[&str], expressions: &[String]) -> ExitStatus {
        let directory = self.directory();
        let command = command.iter().map(|part| match *part {
            "DIR" => text(&directory).to_owned(),
            part => part.to_owned(),
        });
        Command::new("strace")
            .args(["-f", "-qq", "-o", text(&self.log())])
            .args(expressions.iter().flat_map(|expression| ["-e", expression]))
            .arg(env!("CARGO_BIN_EXE_crash-child"))
            .args(command)
            // One thread for all file work, since strace counts calls by thread and by name.
            .env("BLOCKING_MAX_THREADS", "1")
            .stderr(Stdio::null())
            .status()
            .expect("strace is there: `cargo xtask setup`")
    }

    fn state(&self) -> Option<u32> {
        found(&self.directory())
    }

    fn next_save_cleans_up(&self) {
        let next = 8;
        save(&self.directory(), next);
        assert_eq!(self.state(), Some(next));
        assert_eq!(names(&self.directory()), files(next));
    }
}

fn child(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash-child"));
    command.args(arguments).stdout(Stdio::null());
    command
}

fn save(directory: &Path, seed: u32) {
    let handler = FsHandler::new(model::url(directory), model::options(seed)).unwrap();
    block_on(handler.save(model::artifacts(seed))).unwrap();
}

/// The seed of the model that is there, whole; none when there is none.
fn found(directory: &Path) -> Option<u32> {
    let ours = by_our_reader(directory);
    assert_eq!(by_plain_reader(directory), ours, "the readers disagree");
    let (topology, bytes) = ours?;
    let seed = topology.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    assert!(topology == model::topology(seed) && bytes == model::weights(seed), "torn: {topology}");
    Some(seed)
}

fn by_our_reader(directory: &Path) -> Option<(String, Vec<u8>)> {
    let handler = FsHandler::new(model::url(directory), model::options(0)).unwrap();
    match block_on(handler.load()) {
        Ok(artifacts) => {
            let bytes = block_on(artifacts.weight_data.unwrap().to_bytes()).unwrap();
            Some((artifacts.model_topology.unwrap().get().to_owned(), bytes.to_vec()))
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
            None
        }
    }
}

/// As tfjs-node reads: the JSON file, then each path of the manifest relative to its directory.
fn by_plain_reader(directory: &Path) -> Option<(String, Vec<u8>)> {
    let json = fs::read(directory.join("model.json")).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let mut bytes = Vec::new();
    for path in json["weightsManifest"][0]["paths"].as_array().unwrap() {
        bytes.extend(fs::read(directory.join(path.as_str().unwrap())).unwrap());
    }
    Some((json["modelTopology"].to_string(), bytes))
}

/// The names of the files that a model has, in order.
fn files(seed: u32) -> Vec<String> {
    let bytes = model::weights(seed).len() as u64;
    let shards =
        io_manifest::plan_shards(bytes, model::options(seed).shard_bytes, "weights.bin").unwrap();
    let mut names: Vec<String> = shards.into_iter().map(|shard| shard.name).collect();
    names.push("model.json".to_owned());
    names.sort();
    names
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A small generator of its own, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
