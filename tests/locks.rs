//! Saves, removals and `gc` where a directory cannot be locked, as on NFS.
//!
//! A library in C that is loaded before the others stands in for such a file system.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, SystemTime},
};

use modelport_tests::{
    fixtures,
    model::{ModelFiles, tree},
    program::{self, finish},
};

const LOCK_FILE: &str = ".modelport.lock";

/// The library, compiled once.
fn shim() -> &'static Path {
    static SHIM: OnceLock<(PathBuf, tempfile::TempDir)> = OnceLock::new();
    let (library, _) = SHIM.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("flock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("locks/flock.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
        assert_eq!(finish(&mut cc).code, 0, "these tests need a C compiler: {cc:?}");
        (library, dir)
    });
    library
}

fn command(arguments: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(program::path());
    command.args(arguments).current_dir(dir).env("LD_PRELOAD", shim());
    command
}

fn run(arguments: &[&str], dir: &Path) -> String {
    finish(&mut command(arguments, dir)).success()
}

fn names(dir: &Path) -> Vec<PathBuf> {
    tree(dir).into_keys().collect()
}

fn fixture() -> PathBuf {
    fixtures::one("k2-sharded/tfjs-30").dir
}

/// Puts what a save leaves that was killed three days ago, with or without its lock file.
fn leave_staging(model: &Path, name: &str, with_lock_file: bool) {
    let staging = model.join(name);
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("weights.bin"), "half of it").unwrap();
    if with_lock_file {
        File::create(staging.join(LOCK_FILE)).unwrap();
    }
    let old = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
    File::open(&staging).unwrap().set_modified(old).unwrap();
}

#[test]
fn without_directory_locks_save_move_and_remove_leave_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let (dir, from) = (root.path(), fixture());
    let from = from.to_str().unwrap();
    run(&["-q", "cp", from, "m"], dir);
    run(&["-q", "cp", "--shard-bytes", "100", from, "m"], dir);
    run(&["-q", "cp", from, "m"], dir);
    assert_eq!(names(&dir.join("m")), [Path::new("model.json"), Path::new("weights.bin")]);
    // By a rename: the file is the same.
    let before = fs::metadata(dir.join("m/weights.bin")).unwrap();
    // What a process left that was killed while it had the lock.
    File::create(dir.join("m").join(LOCK_FILE)).unwrap();
    run(&["-q", "mv", "m", "n"], dir);
    let after = fs::metadata(dir.join("n/weights.bin")).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(before.ino(), after.ino());
    File::create(dir.join("n").join(LOCK_FILE)).unwrap();
    run(&["-q", "rm", "n"], dir);
    assert_eq!(names(dir), Vec::<PathBuf>::new());
}

#[test]
fn without_directory_locks_leftovers_are_found_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let m = root.path().join("m");
    run(&["-q", "cp", fixture().to_str().unwrap(), "m"], root.path());
    leave_staging(&m, ".modelport-1-1-0", false);
    leave_staging(&m, ".modelport-1-1-1", true);
    File::create(m.join(LOCK_FILE)).unwrap();
    // A dry run makes nothing younger.
    for _ in 0..2 {
        let found = run(&["gc", "m"], root.path());
        assert!(found.contains("found 2 pieces of garbage"), "{found}");
    }
    // What a save works on has its lock file locked.
    let held =
        File::options().write(true).open(m.join(".modelport-1-1-1").join(LOCK_FILE)).unwrap();
    held.lock().unwrap();
    let found = run(&["gc", "--delete", "m"], root.path());
    assert!(found.contains("removed 1 piece of garbage"), "{found}");
    drop(held);
    // A save removes them too.
    leave_staging(&m, ".modelport-1-1-2", false);
    run(&["-q", "cp", fixture().to_str().unwrap(), "m"], root.path());
    assert_eq!(names(&m), [Path::new("model.json"), Path::new("weights.bin")]);
}

#[test]
fn without_directory_locks_a_save_waits_for_the_lock_file() {
    let root = tempfile::tempdir().unwrap();
    let m = root.path().join("m");
    run(&["-q", "cp", fixture().to_str().unwrap(), "m"], root.path());
    let before = tree(&m);
    let new = fixtures::one("js-rnn/tfjs").dir;
    let held = File::create(m.join(LOCK_FILE)).unwrap();
    held.lock().unwrap();
    let saving = command(&["-q", "cp", new.to_str().unwrap(), "m"], root.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut seen = tree(&m);
    seen.remove(Path::new(LOCK_FILE));
    assert!(seen == before, "{:?}", seen.keys());
    // The holder removes its file: who waited for that must not share the lock with one who makes
    // another.
    fs::remove_file(m.join(LOCK_FILE)).unwrap();
    let next = File::create(m.join(LOCK_FILE)).unwrap();
    next.lock().unwrap();
    drop(held);
    thread::sleep(Duration::from_millis(300));
    let mut seen = tree(&m);
    seen.remove(Path::new(LOCK_FILE));
    assert!(seen == before, "{:?}", seen.keys());
    drop(next);
    assert!(saving.wait_with_output().unwrap().status.success());
    ModelFiles::read(&new).assert_same(&ModelFiles::read(&m), "the new model");
    assert_eq!(names(&m), [Path::new("model.json"), Path::new("weights.bin")]);
}
