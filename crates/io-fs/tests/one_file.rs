//! One file that is no model: there whole or not at all, and nothing beside it.
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use std::{
    fs,
    ops::Range,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, executor::block_on, stream};
use io_core::{
    Error, ErrorKind, GcOptions, HandlerOptions, ModelUrl, ProgressCallback, WeightSource,
    WeightStream, Weights, WriteMode,
};
use io_fs::{FsStore, open_file, save_file};

#[test]
fn a_file_is_replaced_whole_or_stays() {
    let root = tempfile::tempdir().unwrap();
    // Directories that are missing are made.
    let path = root.path().join("a").join("m.keras");
    block_on(save_file(&path, &Weights::from(vec![1; 100]), &create())).unwrap();
    let error = block_on(save_file(&path, &Weights::from(vec![2; 10]), &create())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), [1; 100]);
    block_on(save_file(&path, &Weights::from(vec![2; 10]), &replace())).unwrap();
    assert_eq!(
        block_on(block_on(open_file(&path, &replace())).unwrap().to_bytes()).unwrap(),
        [2; 10][..]
    );

    let broken = Weights::from_source(Broken);
    for path in [&path, &root.path().join("b/c/new.keras")] {
        let error = block_on(save_file(path, &broken, &replace())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
    }
    assert_eq!(names(root.path()), ["a"]);
    assert_eq!(fs::read(&path).unwrap(), [2; 10]);
    assert_eq!(names(path.parent().unwrap()), ["m.keras"]);
}

#[test]
fn a_save_that_is_given_up_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m.h5");
    let stuck = Weights::from_source(Stuck);
    let options = create();
    let mut saving = Box::pin(save_file(&path, &stuck, &options));
    // It has begun when there is something beside the file.
    while names(root.path()).is_empty() {
        assert!(saving.as_mut().now_or_never().is_none());
        thread::yield_now();
    }
    drop(saving);
    // A call that is on its way is done first.
    let begun = Instant::now();
    while !names(root.path()).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", names(root.path()));
        thread::yield_now();
    }
}

#[test]
fn what_a_killed_process_left_is_found_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let staging = root.path().join(".modelport-1-2-3");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("file"), [0; 1000]).unwrap();
    let store = FsStore::new(url(root.path()), HandlerOptions::new()).unwrap();
    let options = GcOptions::default().with_older_than(Duration::ZERO);
    let found: Vec<_> = block_on(store.gc(options).try_collect()).unwrap();
    assert_eq!(found.iter().map(|garbage| garbage.bytes).collect::<Vec<_>>(), [1000]);

    let path = root.path().join("m.safetensors");
    block_on(save_file(&path, &Weights::from(vec![1; 10]), &create())).unwrap();
    assert_eq!(names(root.path()), ["m.safetensors"]);
}

#[test]
fn the_options_of_a_save_count() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m.h5");
    let bytes = Weights::from_parts([vec![1; 10].into(), vec![2; 20].into()]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let progress = ProgressCallback::new(move |progress| {
        tell.lock().unwrap().push((progress.done, progress.total));
    });
    let options = create().with_progress(progress).with_setting("fsync", "false");
    block_on(save_file(&path, &bytes, &options)).unwrap();
    assert_eq!(*told.lock().unwrap(), [(0, 30), (10, 30), (30, 30)]);

    let wrong = replace().with_setting("fsnyc", "false");
    let error = block_on(save_file(&path, &bytes, &wrong)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = block_on(open_file(&path, &wrong)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

fn create() -> HandlerOptions {
    HandlerOptions::new().with_write_mode(WriteMode::Create)
}

fn replace() -> HandlerOptions {
    HandlerOptions::new()
}

fn url(path: &Path) -> ModelUrl {
    ModelUrl::new("file", path.to_str().unwrap()).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Breaks off after its first bytes.
#[derive(Debug)]
struct Broken;

impl WeightSource for Broken {
    fn byte_length(&self) -> u64 {
        8
    }

    fn stream(&self, _: Range<u64>) -> WeightStream {
        let broken = Error::new(ErrorKind::Network, "broken off");
        Box::pin(stream::iter([Ok(vec![0; 4].into()), Err(broken)]))
    }
}

/// Never goes on after its first bytes.
#[derive(Debug)]
struct Stuck;

impl WeightSource for Stuck {
    fn byte_length(&self) -> u64 {
        8
    }

    fn stream(&self, _: Range<u64>) -> WeightStream {
        Box::pin(stream::iter([Ok(vec![0; 4].into())]).chain(stream::pending()))
    }
}

#[test]
fn a_file_in_place_of_a_directory_and_a_pipe_are_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.join("m.h5"), file.join("below/m.h5")] {
        let error = block_on(save_file(&path, &Weights::from(vec![1]), &replace())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{error}");
    }
    // To open it must not wait for a writer.
    let pipe = root.path().join("pipe.h5");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = block_on(open_file(&pipe, &replace())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
