//! Directories that get another name while somebody waits for their lock.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    fs::{self, File},
    path::Path,
    thread,
    time::Duration,
};

use common::{expected, load, model, save, url};
use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, ModelStore};
use io_fs::FsStore;

/// Does `work` on `a` while another process has its lock and renames it to `b`.
fn while_it_is_renamed<T: Send>(root: &Path, work: impl FnOnce(&Path) -> T + Send) -> T {
    let (a, b) = (root.join("a"), root.join("b"));
    save(&a, model(1, 1.0)).unwrap();
    let lock = File::open(&a).unwrap();
    lock.lock().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| work(&a));
        thread::sleep(Duration::from_millis(300));
        fs::rename(&a, &b).unwrap();
        drop(lock);
        waiting.join().unwrap()
    })
}

#[test]
fn a_save_goes_to_the_name_that_it_was_given() {
    let root = tempfile::tempdir().unwrap();
    while_it_is_renamed(root.path(), |a| save(a, model(2, 2.0))).unwrap();
    assert_eq!(load(&root.path().join("a")).unwrap(), expected(2, 2.0));
    assert_eq!(load(&root.path().join("b")).unwrap(), expected(1, 1.0));
}

#[test]
fn what_has_another_name_by_now_is_not_removed_and_not_moved() {
    let root = tempfile::tempdir().unwrap();
    let store = || FsStore::new(url(root.path()), HandlerOptions::new()).unwrap();
    for act in ["remove", "rename"] {
        let error = while_it_is_renamed(root.path(), |a| match act {
            "remove" => block_on(store().remove(&url(a))).map(drop),
            _ => block_on(store().rename(&url(a), &url(&root.path().join("c")))).map(drop),
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound, "{act}");
        assert_eq!(load(&root.path().join("b")).unwrap(), expected(1, 1.0), "{act}");
        fs::remove_dir_all(root.path().join("b")).unwrap();
    }
}

#[test]
fn a_prepared_save_does_not_follow_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (root.path().join("a"), root.path().join("b"));
    save(&a, model(1, 1.0)).unwrap();
    let mut moved = model(2, 2.0);
    let bytes = moved.weight_data.take().unwrap();
    let (from, to) = (a.clone(), b.clone());
    moved.weight_data = Some(common::when_asked(bytes, move || fs::rename(&from, &to).unwrap()));
    assert_eq!(save(&a, moved).unwrap_err().kind(), ErrorKind::Conflict);
    assert!(!a.exists());
    assert_eq!(load(&b).unwrap(), expected(1, 1.0));
    assert_eq!(common::names(&b), ["model.json", "weights.bin"]);
}
