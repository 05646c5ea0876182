//! What a save or a removal leaves to the other models of a directory.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    ffi::OsStr,
    fs,
    num::NonZeroU64,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
};

use common::{expected, load, model, names, save, url, with};
use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelStore, Result};
use io_fs::FsStore;

/// Puts a second model that has the same weight file as `m/model.json` at the returned path.
type Other = fn(&Path) -> &'static str;

/// Every way in which a file beside a model is a model that loads.
const OTHERS: [(&str, Other); 8] = [
    ("a link out by an absolute path", |m| {
        fs::copy(m.join("model.json"), m.join("../other.json")).unwrap();
        symlink(m.join("../other.json"), m.join("other.json")).unwrap();
        "other.json"
    }),
    ("a link out by a relative path", |m| {
        fs::copy(m.join("model.json"), m.join("../other.json")).unwrap();
        symlink("../other.json", m.join("other.json")).unwrap();
        "other.json"
    }),
    ("a link to a link", |m| {
        fs::copy(m.join("model.json"), m.join("../other.json")).unwrap();
        symlink("../other.json", m.join("next")).unwrap();
        symlink("next", m.join("other.json")).unwrap();
        "other.json"
    }),
    ("a hard link", |m| {
        fs::hard_link(m.join("model.json"), m.join("other.json")).unwrap();
        "other.json"
    }),
    ("another suffix", |m| {
        fs::copy(m.join("model.json"), m.join("topology.txt")).unwrap();
        "topology.txt"
    }),
    ("no suffix, and a byte order mark", |m| {
        let text = fs::read(m.join("model.json")).unwrap();
        fs::write(m.join("other"), [b"\xEF\xBB\xBF \n", text.as_slice()].concat()).unwrap();
        "other"
    }),
    ("a suffix in upper case", |m| {
        fs::copy(m.join("model.json"), m.join("OTHER.JSON")).unwrap();
        "OTHER.JSON"
    }),
    ("a large file, whose manifest is at its end", |m| {
        let text = fs::read_to_string(m.join("model.json")).unwrap();
        let pad = format!(r#"{{"padding":"{}","#, "x".repeat(3 << 20));
        fs::write(m.join("large.txt"), text.replacen('{', &pad, 1)).unwrap();
        "large.txt"
    }),
];

fn with_other(other: Other) -> (tempfile::TempDir, &'static str) {
    let root = tempfile::tempdir().unwrap();
    let m = root.path().join("m");
    save(&m, model(3, 1.0)).unwrap();
    let name = other(&m);
    assert_eq!(load(&m.join(name)).unwrap().1, expected(3, 1.0).1);
    (root, name)
}

/// Removes the model, and returns the warnings.
fn remove(path: &Path) -> Result<Vec<String>> {
    let store = FsStore::new(url(path), HandlerOptions::new()).unwrap();
    block_on(store.remove(&url(path))).map(|removed| removed.warnings)
}

#[test]
fn remove_keeps_the_weights_of_every_other_model() {
    for (what, other) in OTHERS {
        let (root, name) = with_other(other);
        let m = root.path().join("m");
        let warnings = remove(&m).unwrap();
        assert_eq!(
            warnings,
            ["weight file `weights.bin` stayed, since another model beside references it"]
        );
        assert!(!m.join("model.json").exists(), "{what}");
        assert_eq!(load(&m.join(name)).unwrap().1, expected(3, 1.0).1, "{what}");
        assert!(names(&m).iter().all(|name| !name.starts_with('.')), "{what}: {:?}", names(&m));
    }
}

#[test]
fn save_keeps_the_weights_of_every_other_model() {
    let shards = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(8).unwrap());
    for (what, other) in OTHERS {
        let (root, name) = with_other(other);
        let m = root.path().join("m");
        // Onto the same weight file: refused.
        let error = save(&m, model(2, 2.0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{what}: {error}");
        assert!(error.to_string().contains(name), "{what}: {error}");
        assert_eq!(load(&m).unwrap(), expected(3, 1.0), "{what}");
        // With other weight files: the old one stays.
        block_on(with(&m, shards.clone()).save(model(4, 2.0))).unwrap();
        assert_eq!(load(&m).unwrap(), expected(4, 2.0), "{what}");
        assert_eq!(load(&m.join(name)).unwrap().1, expected(3, 1.0).1, "{what}");
    }
}

type Make = fn(&Path);

/// What cannot be read may be a model.
const UNREADABLE: [(&str, Make); 4] = [
    ("a link that leads nowhere", |m| symlink("../not-mounted/x.json", m.join("x.json")).unwrap()),
    ("a link that leads nowhere, of another name", |m| {
        symlink("/not-mounted/x", m.join("topology.txt")).unwrap();
    }),
    ("links in a circle", |m| {
        symlink("b.json", m.join("a.json")).unwrap();
        symlink("a.json", m.join("b.json")).unwrap();
    }),
    ("a corrupt model of another name", |m| {
        fs::write(m.join("topology.txt"), r#"{"weightsManifest":[{"paths":["weights.b"#).unwrap();
    }),
];

#[test]
fn remove_beside_what_cannot_be_read_keeps_the_weights() {
    for (what, make) in UNREADABLE {
        let root = tempfile::tempdir().unwrap();
        save(root.path(), model(3, 1.0)).unwrap();
        make(root.path());
        let warnings = remove(root.path()).unwrap().concat();
        assert!(warnings.starts_with("weight file `weights.bin` stayed: `"), "{what}: {warnings}");
        assert!(warnings.contains("repair or remove it"), "{what}: {warnings}");
        assert!(!root.path().join("model.json").exists(), "{what}");
        let weights = fs::read(root.path().join("weights.bin"));
        assert_eq!(weights.unwrap(), expected(3, 1.0).1, "{what}");
    }
}

#[test]
fn kept_weights_go_once_everything_can_be_read() {
    let root = tempfile::tempdir().unwrap();
    let shards = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(8).unwrap());
    block_on(with(root.path(), shards).save(model(4, 1.0))).unwrap();
    let unreadable = root.path().join("x.json");
    symlink("nowhere", &unreadable).unwrap();
    save(root.path(), model(3, 2.0)).unwrap();
    assert_eq!(load(root.path()).unwrap(), expected(3, 2.0));
    assert!(root.path().join("group1-shard1of2.bin").exists());
    fs::remove_file(&unreadable).unwrap();
    save(root.path(), model(3, 3.0)).unwrap();
    assert_eq!(names(root.path()), ["model.json", "weights.bin"]);
}

#[test]
fn save_over_weights_that_an_unreadable_model_may_have_is_refused() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(3, 1.0)).unwrap();
    symlink("../not-mounted/x.json", root.path().join("x.json")).unwrap();
    let error = save(root.path(), model(3, 2.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert!(error.to_string().contains("may belong to the model in `x.json`"), "{error}");
    assert_eq!(load(root.path()).unwrap(), expected(3, 1.0));
    // With files of its own it can be saved, and what is hardly a model stops no save.
    save(&root.path().join("y.json"), model(3, 2.0)).unwrap();
    fs::rename(root.path().join("x.json"), root.path().join(".lock")).unwrap();
    save(root.path(), model(3, 2.0)).unwrap();
}

#[test]
fn what_cannot_be_a_model_stops_nothing() {
    let root = tempfile::tempdir().unwrap();
    let m = root.path().join("m");
    save(&m, model(3, 1.0)).unwrap();
    let pipe = Command::new("mkfifo").args([m.join("pipe"), m.join("pipe.json")]).status();
    assert!(pipe.unwrap().success());
    symlink("/dev/zero", m.join("zero.json")).unwrap();
    symlink("pipe", m.join("link-to-pipe.json")).unwrap();
    symlink("..", m.join("parent.json")).unwrap();
    let _socket = UnixListener::bind(m.join("socket.json")).unwrap();
    fs::create_dir(m.join("directory.json")).unwrap();
    for (name, start) in [("data.bin", "\0\0"), ("data.json", "{\"a\":\""), ("{.bin", "{\0")] {
        fs::write(m.join(name), start).unwrap();
        fs::File::options().write(true).open(m.join(name)).unwrap().set_len(10 << 30).unwrap();
    }
    save(&m, model(3, 2.0)).unwrap();
    assert_eq!(load(&m).unwrap(), expected(3, 2.0));
    assert!(remove(&m).unwrap().is_empty());
    assert!(!m.join("weights.bin").exists());
}

#[test]
fn a_model_whose_name_is_not_text_keeps_its_weights() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(3, 1.0)).unwrap();
    let name = OsStr::from_bytes(b"\xff.json");
    fs::copy(root.path().join("model.json"), root.path().join(name)).unwrap();
    remove(root.path()).unwrap();
    assert!(root.path().join("weights.bin").exists());
}

/// A manifest of another's making calls a model its weights.
#[test]
fn a_model_that_a_manifest_calls_its_weights_is_not_removed() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(3, 1.0)).unwrap();
    for name in ["topology.txt", "OTHER.JSON"] {
        fs::rename(root.path().join("model.json"), root.path().join(name)).unwrap();
        let hostile = format!(r#"{{"weightsManifest":[{{"paths":["{name}"],"weights":[]}}]}}"#);
        fs::write(root.path().join("model.json"), hostile).unwrap();
        remove(root.path()).unwrap();
        assert_eq!(load(&root.path().join(name)).unwrap(), expected(3, 1.0));
        fs::rename(root.path().join(name), root.path().join("model.json")).unwrap();
    }
}
