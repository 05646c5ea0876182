//! Files of a model that are symbolic links out of its directory, as in the caches of Hugging Face,
//! DVC and git-annex.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    fs,
    os::unix::fs::{lchown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use common::{expected, load, model, names, read, save, url, with};
use futures::{StreamExt, executor::block_on};
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelStore, Result, WriteMode};
use io_fs::FsStore;

/// A cache whose snapshot `s` has links to blobs only.
fn cache() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let (blobs, snapshot) = (root.path().join("blobs"), root.path().join("snapshots/s"));
    save(&blobs, model(10, 1.0)).unwrap();
    fs::create_dir_all(&snapshot).unwrap();
    for (name, blob) in [("model.json", "1111"), ("weights.bin", "2222")] {
        fs::rename(blobs.join(name), blobs.join(blob)).unwrap();
        symlink(format!("../../blobs/{blob}"), snapshot.join(name)).unwrap();
    }
    (root, snapshot)
}

fn assert_blobs_untouched(root: &Path) {
    let weights = fs::read(root.join("blobs/2222")).unwrap();
    assert_eq!(weights, expected(10, 1.0).1);
    assert_eq!(names(&root.join("blobs")), ["1111", "2222"]);
}

fn store(path: &Path, options: HandlerOptions) -> FsStore {
    FsStore::new(url(path), options).unwrap()
}

fn listed(store: &FsStore) -> Vec<Result<u64, ErrorKind>> {
    let entries = block_on(store.list().collect::<Vec<_>>());
    let bytes = |entry: io_core::ModelEntry| entry.info.weight_data_bytes;
    entries.into_iter().map(|entry| entry.map(bytes).map_err(|error| error.kind())).collect()
}

#[test]
fn links_out_of_the_directory_load() {
    let (root, snapshot) = cache();
    assert_eq!(load(&snapshot).unwrap(), expected(10, 1.0));
    let mapped = HandlerOptions::new().with_setting("read", "mmap");
    let mapped = block_on(with(&snapshot, mapped).load()).and_then(read).unwrap();
    assert_eq!(mapped, expected(10, 1.0));
    let store = store(root.path(), HandlerOptions::new());
    assert_eq!(listed(&store), [Ok(40)]);
    let files = block_on(store.files(&url(&snapshot))).unwrap();
    let length = block_on(io_manifest::ModelFiles::length(&files, "weights.bin"));
    assert_eq!(length.unwrap(), 40);
}

#[test]
fn links_out_of_the_directory_can_be_forbidden() {
    let (root, snapshot) = cache();
    let deny = HandlerOptions::new().with_setting("symlinks", "deny");
    let error = block_on(with(&snapshot, deny.clone()).load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("leads out of the model's directory"), "{error}");
    assert_eq!(listed(&store(root.path(), deny.clone())), [Err(ErrorKind::Corrupt)]);
    // The weights alone.
    fs::remove_file(snapshot.join("model.json")).unwrap();
    fs::copy(root.path().join("blobs/1111"), snapshot.join("model.json")).unwrap();
    let error = block_on(with(&snapshot, deny.clone()).load()).unwrap_err();
    assert!(error.to_string().contains("weight file `weights.bin` leads out"), "{error}");
    let files = block_on(store(root.path(), deny.clone()).files(&url(&snapshot))).unwrap();
    let length = block_on(io_manifest::ModelFiles::length(&files, "weights.bin"));
    assert_eq!(length.unwrap_err().kind(), ErrorKind::Corrupt);
    // A link that stays inside is no way out.
    fs::copy(root.path().join("blobs/2222"), snapshot.join("w")).unwrap();
    fs::remove_file(snapshot.join("weights.bin")).unwrap();
    symlink("w", snapshot.join("weights.bin")).unwrap();
    assert_eq!(block_on(with(&snapshot, deny).load()).and_then(read).unwrap(), expected(10, 1.0));
}

#[test]
fn removal_takes_the_links_and_never_their_targets() {
    let (root, snapshot) = cache();
    let removed = block_on(store(root.path(), HandlerOptions::new()).remove(&url(&snapshot)));
    assert_eq!(removed.unwrap().info.weight_data_bytes, 40);
    assert!(!snapshot.exists(), "{:?}", names(&snapshot));
    assert_blobs_untouched(root.path());
}

#[test]
fn save_replaces_the_links_and_writes_through_none() {
    let (root, snapshot) = cache();
    let create = HandlerOptions::new().with_write_mode(WriteMode::Create);
    let error = block_on(with(&snapshot, create).save(model(2, 2.0))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    save(&snapshot, model(2, 2.0)).unwrap();
    assert_eq!(load(&snapshot).unwrap(), expected(2, 2.0));
    for name in ["model.json", "weights.bin"] {
        assert!(!snapshot.join(name).is_symlink(), "{name}");
    }
    assert_eq!(names(&snapshot), ["model.json", "weights.bin"]);
    assert_blobs_untouched(root.path());
}

#[test]
fn save_removes_the_links_of_the_model_before() {
    let (root, snapshot) = cache();
    fs::rename(snapshot.join("model.json"), snapshot.join("x.json")).unwrap();
    save(&snapshot.join("x.json"), model(2, 2.0)).unwrap();
    assert_eq!(names(&snapshot), ["x.json", "x.weights.bin"]);
    assert_blobs_untouched(root.path());
}

#[test]
fn move_takes_the_bytes_along_and_leaves_the_targets() {
    let (root, snapshot) = cache();
    let to = root.path().join("elsewhere/deeper/m");
    let store = store(root.path(), HandlerOptions::new());
    block_on(store.rename(&url(&snapshot), &url(&to))).unwrap();
    assert_eq!(load(&to).unwrap(), expected(10, 1.0));
    assert!(!to.join("weights.bin").is_symlink());
    assert!(!snapshot.exists());
    assert_blobs_untouched(root.path());
    // Onto a model whose JSON file is a link to this one.
    let link = root.path().join("link");
    fs::create_dir(&link).unwrap();
    symlink("../elsewhere/deeper/m/model.json", link.join("model.json")).unwrap();
    block_on(store.rename(&url(&to), &url(&link))).unwrap();
    assert_eq!(load(&link).unwrap(), expected(10, 1.0));
    assert!(!to.exists());
}

#[test]
fn links_to_special_files_are_refused() {
    let (root, snapshot) = cache();
    let pipe = root.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for target in [pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/tty"), root.path()] {
        for name in ["weights.bin", "model.json"] {
            let link = snapshot.join(name);
            let before = fs::read_link(&link).unwrap();
            fs::remove_file(&link).unwrap();
            symlink(target, &link).unwrap();
            let error = load(&snapshot).unwrap_err();
            assert!(error.to_string().contains("is not a file"), "{target:?} {name}: {error}");
            fs::remove_file(&link).unwrap();
            symlink(before, &link).unwrap();
        }
    }
}

#[test]
fn links_below_the_directory_do_not_lead_out() {
    let (root, snapshot) = cache();
    let json = root.path().join("blobs/1111");
    let text = fs::read_to_string(&json).unwrap();
    fs::create_dir(snapshot.join("real")).unwrap();
    symlink("../../../blobs/2222", snapshot.join("real/w")).unwrap();
    symlink("../../blobs", snapshot.join("linked")).unwrap();
    for path in ["real/w", "linked/2222", "./linked//2222"] {
        fs::write(&json, text.replace("weights.bin", path)).unwrap();
        let error = load(&snapshot).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("leads out of the model's directory"), "{error}");
    }
    // Such a model is removed, and what it does not have stays.
    block_on(store(root.path(), HandlerOptions::new()).remove(&url(&snapshot))).unwrap();
    assert_eq!(names(&root.path().join("blobs")), ["1111", "2222"]);
    assert_eq!(fs::read(root.path().join("blobs/2222")).unwrap(), expected(10, 1.0).1);
}

/// Needs root, as the tests of full disks do, to make a link that another user has made.
#[test]
fn a_link_that_another_user_made_does_not_lead_out() {
    let (_root, snapshot) = cache();
    let (owner, other) = (12_345, 54_321);
    for path in [snapshot.clone(), snapshot.join("model.json"), snapshot.join("weights.bin")] {
        lchown(path, Some(owner), None).unwrap();
    }
    assert_eq!(load(&snapshot).unwrap(), expected(10, 1.0));
    for name in ["weights.bin", "model.json"] {
        lchown(snapshot.join(name), Some(other), None).unwrap();
        let error = load(&snapshot).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("another user"), "{error}");
        lchown(snapshot.join(name), Some(owner), None).unwrap();
    }
}
