//! What a load reads, and what it refuses.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, SystemTime},
};

use common::{expected, load, model, read, save, url, with};
use futures::executor::block_on;
use io_core::{Error, ErrorKind, HandlerOptions, IOHandler, ProgressCallback};
use io_fs::FsHandler;

fn corrupt(directory: &Path, change: impl FnOnce(&Path)) -> Error {
    change(directory);
    let buffered = load(directory).unwrap_err();
    let mapped = HandlerOptions::new().with_setting("read", "mmap");
    let mapped = block_on(with(directory, mapped).load()).and_then(read).unwrap_err();
    assert_eq!((mapped.kind(), mapped.to_string()), (buffered.kind(), buffered.to_string()));
    buffered
}

#[test]
fn damage_is_named() {
    let text = |from: &'static str, to: &'static str| {
        move |directory: &Path| {
            let path = directory.join("model.json");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{text}");
            fs::write(path, text.replace(from, to)).unwrap();
        }
    };
    let weights = |change: fn(Vec<u8>) -> Vec<u8>| {
        move |directory: &Path| {
            let path = directory.join("weights.bin");
            fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
        }
    };
    type Change = Box<dyn FnOnce(&Path)>;
    let cases: Vec<(Change, ErrorKind, &str)> = vec![
        (Box::new(weights(|bytes| bytes[1..].to_vec())), ErrorKind::Corrupt, "39 bytes"),
        (Box::new(weights(|bytes| [bytes, vec![0]].concat())), ErrorKind::Corrupt, "41 bytes"),
        (
            Box::new(weights(|mut bytes| {
                bytes[17] ^= 1;
                bytes
            })),
            ErrorKind::Corrupt,
            "`weights.bin` fails its checksum",
        ),
        (
            Box::new(|directory: &Path| fs::remove_file(directory.join("weights.bin")).unwrap()),
            ErrorKind::NotFound,
            "weight file `weights.bin` is missing",
        ),
        (
            Box::new(|directory: &Path| fs::remove_file(directory.join("model.json")).unwrap()),
            ErrorKind::NotFound,
            "has no `model.json`",
        ),
        (Box::new(text("weights.bin", "../weights.bin")), ErrorKind::Corrupt, "../weights.bin"),
        (Box::new(text("weights.bin", "/etc/passwd")), ErrorKind::Corrupt, "/etc/passwd"),
        (Box::new(text("float32", "float33")), ErrorKind::Corrupt, "weight `w`"),
        (
            Box::new({
                let name_it = text("weights.bin", "d/w");
                move |directory: &Path| {
                    fs::create_dir(directory.join("../out")).unwrap();
                    fs::rename(directory.join("weights.bin"), directory.join("../out/w")).unwrap();
                    symlink("../out", directory.join("d")).unwrap();
                    name_it(directory);
                }
            }),
            ErrorKind::Corrupt,
            "`d/w` leads out of the model's directory",
        ),
        (
            Box::new(|directory: &Path| {
                fs::remove_file(directory.join("weights.bin")).unwrap();
                fs::create_dir(directory.join("weights.bin")).unwrap();
            }),
            ErrorKind::Corrupt,
            "`weights.bin` is not a file",
        ),
        (
            Box::new(|directory: &Path| {
                fs::remove_file(directory.join("model.json")).unwrap();
                let pipe = Command::new("mkfifo").arg(directory.join("model.json")).status();
                assert!(pipe.unwrap().success());
            }),
            ErrorKind::Corrupt,
            "model.json` is not a file",
        ),
        (
            Box::new(|directory: &Path| {
                fs::remove_file(directory.join("weights.bin")).unwrap();
                let pipe = Command::new("mkfifo").arg(directory.join("weights.bin")).status();
                assert!(pipe.unwrap().success());
            }),
            ErrorKind::Corrupt,
            "`weights.bin` is not a file",
        ),
        (
            Box::new(|directory: &Path| {
                let json = fs::File::options().write(true).open(directory.join("model.json"));
                json.unwrap().set_len(10 << 30).unwrap();
            }),
            ErrorKind::Corrupt,
            "is larger than a model's JSON can be",
        ),
    ];
    for (change, kind, part) in cases {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("m");
        save(&directory, model(10, 1.0)).unwrap();
        let error = corrupt(&directory, change);
        assert_eq!(error.kind(), kind, "{part}: {error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

/// Spec §0, trap 5: upstream loads a page that says "404" as weights.
#[test]
fn trap_5_a_page_or_a_pointer_in_place_of_weights_is_named() {
    for (text, what) in [
        ("<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 40\n", "LFS"),
    ] {
        let root = tempfile::tempdir().unwrap();
        save(root.path(), model(10, 1.0)).unwrap();
        fs::write(root.path().join("weights.bin"), text).unwrap();
        let error = load(root.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.hint().unwrap_or_default().contains(what), "{error} {:?}", error.hint());
    }
}

#[test]
fn a_link_inside_the_directory_is_followed() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(10, 1.0)).unwrap();
    fs::rename(root.path().join("weights.bin"), root.path().join("real.bin")).unwrap();
    symlink("real.bin", root.path().join("weights.bin")).unwrap();
    assert_eq!(load(root.path()).unwrap(), expected(10, 1.0));
}

#[test]
fn without_verification_only_lengths_count() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(10, 1.0)).unwrap();
    fs::write(root.path().join("weights.bin"), [7; 40]).unwrap();
    for read_mode in ["buffered", "mmap"] {
        let options = HandlerOptions::new().with_verify(false).with_setting("read", read_mode);
        let loaded = block_on(with(root.path(), options).load()).and_then(read).unwrap();
        assert_eq!(loaded.1, [7; 40]);
    }
}

#[test]
fn a_pair_of_separated_files_loads() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    save(&path, model(10, 1.0)).unwrap();
    let moved = root.path().join("elsewhere.bin");
    fs::rename(path.join("weights.bin"), &moved).unwrap();
    assert_eq!(load(&path).unwrap_err().kind(), ErrorKind::NotFound);
    let pair = FsHandler::pair(url(&path), &moved, HandlerOptions::new()).unwrap();
    assert_eq!(block_on(pair.load()).and_then(read).unwrap(), expected(10, 1.0));
    let options = HandlerOptions::new().with_setting("weights", moved.to_str().unwrap());
    assert_eq!(block_on(with(&path, options).load()).and_then(read).unwrap(), expected(10, 1.0));
    fs::write(&moved, [0; 39]).unwrap();
    assert_eq!(block_on(pair.load()).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(block_on(pair.save(model(1, 1.0))).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_stream_of_a_replaced_model_fails_and_never_mixes() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(10, 1.0)).unwrap();
    let old = block_on(common::handler(root.path()).load()).unwrap();
    save(root.path(), model(10, 2.0)).unwrap();
    let error = read(old).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.is_retryable());
}

/// As tfjs-node writes: into the files that are there.
#[test]
fn a_stream_of_a_model_that_was_written_over_fails() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(10, 1.0)).unwrap();
    let old = block_on(common::handler(root.path()).load()).unwrap();
    let json = root.path().join("model.json");
    fs::write(&json, fs::read(&json).unwrap()).unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(&json).unwrap().set_modified(later).unwrap();
    assert_eq!(read(old).unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn unknown_options_are_errors() {
    let root = tempfile::tempdir().unwrap();
    for (name, value, part) in [
        ("fsnyc", "true", "unknown option `fsnyc`"),
        ("fsync", "yes", "expected `true` or `false`"),
        ("read", "slow", "expected `buffered` or `mmap`"),
        ("symlinks", "yes", "expected `follow` or `deny`"),
    ] {
        let options = HandlerOptions::new().with_setting(name, value);
        let error = FsHandler::new(url(root.path()), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_mapped_load_reports_progress_to_its_total() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(3 << 20, 1.0)).unwrap();
    for verify in [true, false] {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let seen = reports.clone();
        let progress = ProgressCallback::new(move |progress| {
            seen.lock().unwrap().push((progress.done, progress.total));
        });
        let options = HandlerOptions::new().with_setting("read", "mmap").with_progress(progress);
        block_on(with(root.path(), options.with_verify(verify)).load()).unwrap();
        let reports = reports.lock().unwrap();
        assert_eq!(reports.first(), Some(&(0, 12 << 20)));
        assert_eq!(reports.last(), Some(&(12 << 20, 12 << 20)));
        assert!(reports.len() > 10 && reports.is_sorted(), "{reports:?}");
    }
}

#[test]
fn a_mapped_load_ends_when_it_is_dropped() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(16 << 20, 1.0)).unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let (seen, (arrived, arrives)) = (done.clone(), mpsc::channel());
    let progress = ProgressCallback::new(move |progress| {
        seen.store(progress.done, Ordering::Release);
        arrived.send(()).unwrap_or_default();
        thread::sleep(Duration::from_millis(5));
    });
    let options = HandlerOptions::new().with_setting("read", "mmap").with_progress(progress);
    let handler = with(root.path(), options);
    let mut loading = handler.load();
    let waker = futures::task::noop_waker();
    while arrives.try_recv().is_err() {
        let polled = loading.as_mut().poll(&mut std::task::Context::from_waker(&waker));
        assert!(polled.is_pending());
        thread::yield_now();
    }
    drop(loading);
    drop(handler);
    // Every thread ends with its chunk, and then nothing holds the callback any more.
    while arrives.recv().is_ok() {}
    assert!(done.load(Ordering::Acquire) < 64 << 20);
}
