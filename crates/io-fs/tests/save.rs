//! What a save leaves on disk, and what it leaves alone.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{fs, num::NonZeroU64, process::Command, thread};

use common::{expected, handler, load, model, names, save, tree, with};
use futures::{FutureExt, executor::block_on, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifacts, WeightSource, WeightStream,
    Weights, WriteMode,
};

#[test]
fn writes_the_files_of_tfjs_node_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b");
    let saved = save(&path, model(3, 1.5)).unwrap();
    assert_eq!(saved.url.rest(), path.to_str().unwrap());
    assert_eq!(names(root.path()), ["a/", "a/b/", "a/b/model.json", "a/b/weights.bin"]);
    assert_eq!(fs::read(path.join("weights.bin")).unwrap(), expected(3, 1.5).1);
    let json = fs::read_to_string(path.join("model.json")).unwrap();
    let start = r#"{"modelTopology":{"value":1.5},"weightsManifest":[{"paths":["weights.bin"],"weights":[{"name":"w","shape":[3],"dtype":"float32"}],"integrity":[{"bytes":12,"#;
    assert!(json.starts_with(start), "{json}");
    assert!(json.ends_with(r#"}]}],"format":"layers-model"}"#), "{json}");
}

#[test]
fn replaces_a_model_and_its_old_shards_beside_other_files() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("notes.txt"), "mine").unwrap();
    fs::write(root.path().join("group1-shard9of9.bin"), "mine too").unwrap();
    let shards = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(5).unwrap());
    block_on(with(root.path(), shards).save(model(4, 1.0))).unwrap();
    assert_eq!(load(root.path()).unwrap(), expected(4, 1.0));
    assert_eq!(names(root.path()).len(), 7, "{:?}", names(root.path()));
    save(root.path(), model(5, 2.0)).unwrap();
    assert_eq!(
        names(root.path()),
        ["group1-shard9of9.bin", "model.json", "notes.txt", "weights.bin"]
    );
    assert_eq!(load(root.path()).unwrap(), expected(5, 2.0));
    // And back to shards: the old single file goes.
    let shards = HandlerOptions::new().with_shard_bytes(NonZeroU64::new(8).unwrap());
    block_on(with(root.path(), shards).save(model(4, 3.0))).unwrap();
    assert!(!names(root.path()).contains(&"weights.bin".to_owned()));
    assert_eq!(load(root.path()).unwrap(), expected(4, 3.0));
}

#[test]
fn both_forms_of_a_url_work_both_ways() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("m");
    save(&directory.join("model.json"), model(1, 1.0)).unwrap();
    assert_eq!(load(&directory).unwrap(), expected(1, 1.0));
    assert_eq!(load(&directory.join("model.json")).unwrap(), expected(1, 1.0));
    // Another name keeps its weights beside it, so that two models share a directory.
    save(&directory.join("other.json"), model(2, 2.0)).unwrap();
    assert_eq!(names(&directory), ["model.json", "other.json", "other.weights.bin", "weights.bin"]);
    save(&directory, model(3, 3.0)).unwrap();
    assert_eq!(load(&directory.join("other.json")).unwrap(), expected(2, 2.0));
}

#[test]
fn refuses_to_replace_a_file_of_another_model() {
    let root = tempfile::tempdir().unwrap();
    save(root.path(), model(1, 1.0)).unwrap();
    fs::rename(root.path().join("model.json"), root.path().join("x.json")).unwrap();
    let before = tree(root.path());
    let error = save(root.path(), model(2, 2.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("belongs to the model in `x.json`"), "{error}");
    assert_eq!(tree(root.path()), before);
}

#[test]
fn what_an_old_manifest_wrongly_calls_its_own_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    save(&root.path().join("sub"), model(1, 1.0)).unwrap();
    fs::write(root.path().join("y.json"), "{}").unwrap();
    for path in ["model.json", "y.json", "sub/model.json", "sub/weights.bin", ".", "sub"] {
        let old = format!(r#"{{"weightsManifest":[{{"paths":["{path}"],"weights":[]}}]}}"#);
        fs::write(root.path().join("model.json"), old).unwrap();
        save(root.path(), model(2, 2.0)).unwrap();
        assert_eq!(load(root.path()).unwrap(), expected(2, 2.0), "{path}");
        assert_eq!(load(&root.path().join("sub")).unwrap(), expected(1, 1.0), "{path}");
        assert!(root.path().join("y.json").exists(), "{path}");
    }
}

#[test]
fn beside_a_damaged_model_nothing_is_removed_that_may_be_its_own() {
    let root = tempfile::tempdir().unwrap();
    let (json, damaged) = (root.path().join("model.json"), root.path().join("x.json"));
    save(root.path(), model(1, 1.0)).unwrap();
    let shared = fs::read_to_string(&json).unwrap();
    fs::rename(root.path().join("weights.bin"), root.path().join("w.bin")).unwrap();
    fs::write(&json, shared.replace("weights.bin", "w.bin")).unwrap();
    let text = fs::read_to_string(&json).unwrap();
    fs::write(&damaged, &text[..text.len() - 1]).unwrap();

    save(root.path(), model(2, 2.0)).unwrap();
    assert!(root.path().join("w.bin").exists());
    // Once it is repaired, or gone, the next save takes the rest away.
    fs::remove_file(damaged).unwrap();
    save(root.path(), model(3, 3.0)).unwrap();
    assert_eq!(names(root.path()), ["model.json", "weights.bin"]);
}

#[test]
fn create_refuses_what_is_there_and_one_of_many_wins() {
    let root = tempfile::tempdir().unwrap();
    let create = || with(root.path(), HandlerOptions::new().with_write_mode(WriteMode::Create));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let savers: Vec<_> = (0..8_u8)
            .map(|n| scope.spawn(move || block_on(create().save(model(100, f32::from(n))))))
            .collect();
        savers.into_iter().map(|saver| saver.join().unwrap()).collect()
    });
    let won: Vec<usize> = (0..8).filter(|&n| outcomes[n].is_ok()).collect();
    assert_eq!(won.len(), 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }
    assert_eq!(load(root.path()).unwrap(), expected(100, won[0] as f32));
    assert_eq!(names(root.path()), ["model.json", "weights.bin"]);
}

#[test]
fn savers_and_readers_at_once_see_whole_models() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    save(&path, model(1000, 0.0)).unwrap();
    thread::scope(|scope| {
        for n in 1..=3_u8 {
            let path = &path;
            scope.spawn(move || {
                for round in 0..30_u8 {
                    // Models of different lengths, whole and in shards.
                    let value = f32::from(n) + 4.0 * f32::from(round);
                    let options = match round % 2 {
                        0 => HandlerOptions::new(),
                        _ => HandlerOptions::new().with_shard_bytes(NonZeroU64::new(900).unwrap()),
                    };
                    let options = options.with_setting("fsync", "false");
                    let count = 1000 + usize::from(n);
                    block_on(with(path, options).save(model(count, value))).unwrap();
                }
            });
        }
        let (mut seen, mut conflicts) = (0, 0);
        for _ in 0..400 {
            match load(&path) {
                Ok((topology, bytes)) => {
                    let value = f32::from_le_bytes(bytes[..4].try_into().unwrap());
                    assert_eq!((topology, bytes.clone()), expected(bytes.len() / 4, value));
                    seen += 1;
                }
                Err(error) if error.kind() == ErrorKind::Conflict => conflicts += 1,
                Err(error) => panic!("{error} {:?}", std::error::Error::source(&error)),
            }
        }
        assert!(seen > 0, "{conflicts} conflicts");
    });
    let names = names(&path);
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}

/// Gives some bytes, then fails or waits for ever.
#[derive(Debug)]
struct Broken {
    fails: bool,
}

impl WeightSource for Broken {
    fn byte_length(&self) -> u64 {
        8
    }

    fn stream(&self, _: std::ops::Range<u64>) -> WeightStream {
        let first = stream::iter([Ok(bytes::Bytes::from_static(&[0; 4]))]);
        if self.fails {
            let failed = Err(Error::new(ErrorKind::Network, "the connection was cut"));
            Box::pin(futures::StreamExt::chain(first, stream::iter([failed])))
        } else {
            Box::pin(futures::StreamExt::chain(first, stream::pending()))
        }
    }
}

fn broken(fails: bool) -> ModelArtifacts {
    ModelArtifacts { weight_data: Some(Weights::from_source(Broken { fails })), ..model(2, 9.0) }
}

#[test]
fn a_failed_or_dropped_save_leaves_everything_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let new = root.path().join("new/deep");
    let old = root.path().join("old");
    save(&old, model(2, 1.0)).unwrap();
    let before = tree(root.path());
    for path in [&new, &old] {
        let error = save(path, broken(true)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert_eq!(tree(root.path()), before);

        // Dropped while it waits for weights.
        let handler = handler(path);
        let mut saving = handler.save(broken(false));
        let waker = futures::task::noop_waker();
        let mut context = std::task::Context::from_waker(&waker);
        for _ in 0..50 {
            assert!(saving.as_mut().poll(&mut context).is_pending());
            thread::sleep(std::time::Duration::from_millis(2));
        }
        assert!(names(path).iter().any(|name| name.starts_with(".modelport-")));
        drop(saving);
        assert_eq!(tree(root.path()), before);
    }
}

#[test]
fn a_save_that_is_given_up_makes_no_more_files() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    let shards = HandlerOptions::new()
        .with_shard_bytes(NonZeroU64::new(64).unwrap())
        .with_setting("fsync", "false");
    for files in (0..100).step_by(10) {
        let handler = with(&path, shards.clone());
        let mut saving = handler.save(model(100_000, 1.0));
        // Given up while a thread makes thousands of files.
        while fs::read_dir(&path).ok().and_then(|mut names| names.next()).is_none_or(|staging| {
            fs::read_dir(staging.unwrap().path()).map_or(0, Iterator::count) <= files
        }) {
            assert!((&mut saving).now_or_never().is_none());
            thread::yield_now();
        }
        drop(saving);
        assert!(!path.exists(), "{:?}", names(&path));
    }
}

#[test]
fn a_file_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    fs::write(&path, "mine").unwrap();
    let error = save(&path, model(1, 1.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidUrl);
    assert!(error.to_string().contains("is a file; a model is saved to a directory"), "{error}");
    let error = save(&path.join("below"), model(1, 1.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{error}");
    let json = root.path().join("package.json");
    fs::write(&json, r#"{"name":"mine"}"#).unwrap();
    let error = save(&json, model(1, 1.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(names(root.path()), ["file", "package.json"]);
    let pipe = root.path().join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = save(&pipe, model(1, 1.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
}
