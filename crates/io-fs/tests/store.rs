//! Listing, removing, copying and renaming.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    ffi::OsStr,
    fs,
    num::NonZeroU64,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use common::{expected, load, model, names, save, tree, url, with};
use futures::{StreamExt, executor::block_on};
use io_core::{ErrorKind, GcOptions, HandlerOptions, IOHandler, ModelStore, ProgressCallback};
use io_fs::FsStore;

fn store(path: &Path) -> FsStore {
    FsStore::new(url(path), HandlerOptions::new()).unwrap()
}

#[test]
fn lists_the_models_below_and_names_what_is_damaged() {
    let root = tempfile::tempdir().unwrap();
    for (n, name) in ["a", "a/b", "c/d", "e"].into_iter().enumerate() {
        save(&root.path().join(name), model(n + 1, 1.0)).unwrap();
    }
    save(&root.path().join("c/other.json"), model(9, 1.0)).unwrap();
    fs::write(root.path().join("package.json"), "{}").unwrap();
    fs::write(root.path().join("broken.json"), "{").unwrap();
    // Neither of which has an end.
    let pipe = Command::new("mkfifo").arg(root.path().join("pipe.json")).status();
    assert!(pipe.unwrap().success());
    symlink("/dev/zero", root.path().join("zero.json")).unwrap();
    fs::write(root.path().join("e/weights.bin"), "").unwrap();
    let found: Vec<_> = block_on(store(root.path()).list().collect());
    let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
    let mut good: Vec<_> = good
        .into_iter()
        .map(Result::unwrap)
        .map(|entry| {
            let path = Path::new(entry.url.rest()).strip_prefix(root.path()).unwrap().to_owned();
            (path.to_str().unwrap().to_owned(), entry.info.weight_data_bytes)
        })
        .collect();
    good.sort();
    let expected = [("a", 4), ("a/b", 8), ("c/d", 12), ("c/other.json", 36)];
    assert_eq!(good, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].as_ref().unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let found: Vec<_> = block_on(store(&root.path().join("none")).list().collect());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}

/// A file in place of a directory would have its folder listed, or swept.
#[test]
fn a_root_that_is_a_file_is_not_a_directory() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(1, 1.0)).unwrap();
    fs::create_dir_all(root.path().join(".modelport-1-1-0")).unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    for (name, kind) in [
        ("model.json", ErrorKind::InvalidUrl),
        ("file", ErrorKind::InvalidUrl),
        ("none.json", ErrorKind::NotFound),
        ("none", ErrorKind::NotFound),
    ] {
        let store = store(&root.path().join(name));
        let found: Vec<_> = block_on(store.list().collect());
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].as_ref().unwrap_err().kind(), kind, "{name}");
        let all = GcOptions::default().with_dry_run(false).with_older_than(Duration::ZERO);
        let found: Vec<_> = block_on(store.gc(all).collect());
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].as_ref().unwrap_err().kind(), kind, "{name}");
    }
    assert!(root.path().join(".modelport-1-1-0").exists());
}

#[test]
fn a_model_whose_path_is_not_text_is_an_error_of_the_list() {
    let root = tempfile::tempdir().unwrap();
    for name in [b"\xff".as_slice(), b"m"] {
        save(&root.path().join("m"), model(1, 1.0)).unwrap();
        if name != b"m" {
            fs::rename(root.path().join("m"), root.path().join(OsStr::from_bytes(name))).unwrap();
        }
    }
    let json = root.path().join("m/model.json");
    fs::copy(json, root.path().join("m").join(OsStr::from_bytes(b"\xff.json"))).unwrap();
    fs::write(root.path().join("m").join(OsStr::from_bytes(b"\xfe.json")), "{}").unwrap();
    let found: Vec<_> = block_on(store(root.path()).list().collect());
    let kinds = found.iter().filter_map(|entry| Some(entry.as_ref().err()?.kind()));
    assert_eq!(kinds.collect::<Vec<_>>(), [ErrorKind::InvalidUrl; 2]);
    assert_eq!(found.len(), 3);
}

#[test]
fn each_save_or_write_changes_the_version() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    let version = || block_on(store(&path).stat(&url(&path))).unwrap().version.unwrap();
    let mut seen = Vec::new();
    for value in [1.0, 2.0, 2.0] {
        save(&path, model(1, value)).unwrap();
        seen.push(version());
    }
    assert_eq!(version(), seen[2]);
    // A program writes into the weights, which are as long, and sets the date back.
    let weights = path.join("weights.bin");
    let date = fs::metadata(&weights).unwrap().modified().unwrap();
    thread::sleep(Duration::from_millis(20));
    fs::write(&weights, [7; 4]).unwrap();
    fs::File::options().write(true).open(&weights).unwrap().set_modified(date).unwrap();
    seen.push(version());
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "{seen:?}");
}

#[test]
fn removes_all_parts_of_a_model_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    save(&path, model(1, 1.0)).unwrap();
    save(&path.join("other.json"), model(2, 2.0)).unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let removed = block_on(store(root.path()).remove(&url(&path))).unwrap();
    assert_eq!(removed.info.weight_data_bytes, 4);
    assert_eq!(names(&path), ["notes.txt", "other.json", "other.weights.bin"]);
    let gone = block_on(store(root.path()).remove(&url(&path))).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    block_on(store(root.path()).remove(&url(&path.join("other.json")))).unwrap();
    assert_eq!(names(&path), ["notes.txt"]);
    // A directory that held nothing but the model goes with it.
    let alone = root.path().join("alone");
    save(&alone, model(1, 1.0)).unwrap();
    block_on(store(root.path()).remove(&url(&alone))).unwrap();
    assert!(!alone.exists());
}

#[test]
fn a_model_that_lacks_weights_is_removed_with_what_is_left() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    let shards = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(5).unwrap());
    block_on(with(&path, shards).save(model(3, 1.0))).unwrap();
    fs::remove_file(path.join("group1-shard3of3.bin")).unwrap();
    let removed = block_on(store(root.path()).remove(&url(&path))).unwrap();
    assert_eq!(removed.info.weight_data_bytes, 10);
    assert!(!path.exists());
}

#[test]
fn a_part_that_two_models_share_stays_with_the_other() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(1, 1.0)).unwrap();
    fs::copy(root.path().join("model.json"), root.path().join("twin.json")).unwrap();
    block_on(store(root.path()).remove(&url(root.path()))).unwrap();
    assert_eq!(load(&root.path().join("twin.json")).unwrap(), expected(1, 1.0));
}

#[test]
fn renames_by_directory_or_by_copy() {
    let root = tempfile::tempdir().unwrap();
    let (a, b, c) = (root.path().join("a"), root.path().join("x/b"), root.path().join("c"));
    save(&a, model(1, 1.0)).unwrap();
    let before = tree(&a);
    let renamed = block_on(store(root.path()).rename(&url(&a), &url(&b))).unwrap();
    assert_eq!(renamed.url, url(&b));
    assert!(!a.exists());
    assert_eq!(tree(&b), before);
    // Something else is in the directory: it stays there.
    fs::write(b.join("notes.txt"), "mine").unwrap();
    save(&c, model(2, 2.0)).unwrap();
    block_on(store(root.path()).rename(&url(&b), &url(&c))).unwrap();
    assert_eq!(names(&b), ["notes.txt"]);
    assert_eq!(load(&c).unwrap(), expected(1, 1.0));
}

#[test]
fn a_source_that_is_saved_to_while_it_is_moved_by_copy_stays() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (root.path().join("a"), root.path().join("b"));
    // As a program that trains does it: the same JSON text, in place, and other weights.
    let saves = {
        let a = a.clone();
        move |value: f32| {
            let text = r#"{"modelTopology":{"value":1},"weightsManifest":[{"paths":["weights.bin"],"weights":[{"name":"w","shape":[1],"dtype":"float32"}]}]}"#;
            fs::write(a.join("model.json"), text).unwrap();
            fs::write(a.join("weights.bin"), value.to_le_bytes()).unwrap();
        }
    };
    fs::create_dir(&a).unwrap();
    fs::write(a.join("notes.txt"), "mine").unwrap();
    saves(1.0);
    let progress = ProgressCallback::new(move |progress| {
        if progress.done == progress.total {
            thread::sleep(Duration::from_millis(50));
            saves(2.0);
        }
    });
    let store = FsStore::new(url(root.path()), HandlerOptions::new().with_progress(progress));
    let error = block_on(store.unwrap().rename(&url(&a), &url(&b))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(load(&a).unwrap().1, expected(1, 2.0).1);
    assert_eq!(load(&b).unwrap(), expected(1, 1.0));
}

#[test]
fn a_link_is_not_moved_in_place_of_its_model() {
    let root = tempfile::tempdir().unwrap();
    let (stored, link, to) =
        (root.path().join("stored"), root.path().join("links/a"), root.path().join("deep/er/b"));
    fs::create_dir(root.path().join("links")).unwrap();
    for end in ["", "/"] {
        save(&stored, model(1, 1.0)).unwrap();
        symlink("../stored", &link).unwrap();
        let from = url(&root.path().join(format!("links/a{end}")));
        block_on(store(root.path()).rename(&from, &url(&to))).unwrap();
        assert_eq!(load(&to).unwrap(), expected(1, 1.0));
        assert_eq!(fs::read_dir(&stored).unwrap().count(), 0);
        fs::remove_file(&link).unwrap();
        fs::remove_dir_all(&to).unwrap();
    }
}

#[test]
fn copies() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (root.path().join("a"), root.path().join("b"));
    save(&a, model(3, 1.0)).unwrap();
    block_on(store(root.path()).copy(&url(&a), &url(&b))).unwrap();
    assert_eq!(tree(&a), tree(&b));
}
