//! Saves that fail at every step, or are dropped, leave the old model and nothing else.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    thread::sleep,
    time::{Duration, Instant},
};

use futures::{TryStreamExt, executor::block_on};
use io_core::{ErrorKind, GcOptions, HandlerOptions, IOHandler, ModelStore, ModelUrl, WriteMode};
use io_object_store::ObjectStoreHandler;
use object_store::{ObjectStoreExt, path::Path};
use support::{
    bench,
    faulty::{Call, Fault},
    models::{assert_loads, failing, model},
};

/// 5 parts of 1 MiB.
const FLOATS: u64 = 5 << 18;

fn open(name: &str) -> ObjectStoreHandler {
    open_with(name, &HandlerOptions::new())
}

fn open_with(name: &str, options: &HandlerOptions) -> ObjectStoreHandler {
    bench::handler(&ModelUrl::new("bench", &format!("{name}/m")).unwrap(), options).unwrap()
}

fn sharded() -> HandlerOptions {
    HandlerOptions::new().with_shard_bytes((1 << 20).try_into().unwrap())
}

#[test]
fn a_save_that_fails_leaves_the_old_model_and_nothing_else() {
    let calls = [
        (Call::Part(0), HandlerOptions::new()),
        (Call::Part(3), HandlerOptions::new()),
        (Call::Complete(0), HandlerOptions::new()),
        (Call::Put(0), sharded()),
        (Call::Put(4), sharded()),
    ];
    let faults = [Fault::Refused, Fault::Lost];
    for (index, (call, options)) in calls.into_iter().enumerate() {
        for fault in faults {
            let name = format!("fails-{index}-{fault:?}");
            let store = bench::store(&name);
            block_on(open(&name).save(model(1, FLOATS))).unwrap();
            let before = store.keys();
            store.fail(call, fault);
            let error = block_on(open_with(&name, &options).save(model(2, FLOATS))).unwrap_err();
            assert_eq!(error.kind() == ErrorKind::PermissionDenied, fault == Fault::Refused);
            store.heal();
            assert_eq!(store.keys(), before, "{call:?} {fault:?}");
            assert_eq!(store.open_uploads(), 0, "{call:?} {fault:?}");
            assert_loads(&open(&name), 1, FLOATS);
        }
    }
}

#[test]
fn a_source_that_fails_leaves_the_old_model_and_nothing_else() {
    let store = bench::store("source");
    block_on(open("source").save(model(1, FLOATS))).unwrap();
    let before = store.keys();
    for fails_at in [0, 1 << 20, 4 << 20] {
        let error = block_on(open("source").save(failing(2, FLOATS, fails_at))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!((store.keys(), store.open_uploads()), (before.clone(), 0));
    }
}

#[test]
fn a_commit_that_is_refused_takes_everything_back() {
    let store = bench::store("refused");
    block_on(open("refused").save(model(1, FLOATS))).unwrap();
    let before = store.keys();
    store.fail(Call::Json(0), Fault::Refused);
    let error = block_on(open("refused").save(model(2, FLOATS))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(store.keys(), before);
    assert_loads(&open("refused"), 1, FLOATS);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out() {
    let modes = [WriteMode::Replace, WriteMode::Create];
    let calls = [Call::Json(0), Call::Complete(0)];
    for (mode, call) in modes.into_iter().flat_map(|mode| calls.map(|call| (mode, call))) {
        let name = format!("answer-{mode:?}-{call:?}");
        let store = bench::store(&name);
        if mode == WriteMode::Replace {
            block_on(open(&name).save(model(1, FLOATS))).unwrap();
        }
        let options = HandlerOptions::new().with_write_mode(mode);
        store.fail(call, Fault::Answer);
        block_on(open_with(&name, &options).save(model(2, FLOATS))).unwrap();
        assert_eq!(store.keys().len(), 2, "{:?}", store.keys());
        assert_loads(&open(&name), 2, FLOATS);
    }
}

/// The request could still arrive, so its weights stay until they are surely garbage.
#[test]
fn a_commit_that_is_lost_leaves_garbage_that_is_found() {
    let store = bench::store("lost");
    block_on(open("lost").save(model(1, FLOATS))).unwrap();
    let before = store.keys();
    store.fail(Call::Json(0), Fault::Lost);
    block_on(open("lost").save(model(2, FLOATS))).unwrap_err();
    store.heal();
    assert_loads(&open("lost"), 1, FLOATS);
    assert_eq!(store.keys().len(), before.len() + 1);

    let root = ModelUrl::parse("bench://lost").unwrap();
    let models = bench::models(&root, &HandlerOptions::new()).unwrap();
    let gc = |options: GcOptions| block_on(models.gc(options).try_collect::<Vec<_>>()).unwrap();
    assert!(gc(GcOptions::default()).is_empty(), "it is young");
    let now = GcOptions::default().with_older_than(Duration::ZERO);
    assert_eq!(gc(now.clone()).len(), 1);
    assert_eq!(store.keys().len(), before.len() + 1, "a dry run is the default");
    let now = now.with_dry_run(false);
    let removed = gc(now.clone());
    assert_eq!((removed.len(), removed[0].bytes), (1, FLOATS * 4));
    assert_eq!(store.keys(), before);
    assert!(gc(now).is_empty());
}

#[test]
fn a_save_that_is_dropped_leaves_the_old_model_and_nothing_else() {
    for polls in [1, 2, 3, 5, 8] {
        for options in [HandlerOptions::new(), sharded()] {
            let name = format!("dropped-{polls}-{}", options.shard_bytes.is_some());
            let store = bench::store(&name);
            block_on(open(&name).save(model(1, FLOATS))).unwrap();
            let before = store.keys();
            let handler = open_with(&name, &options);
            {
                let mut save = pin!(handler.save(model(2, FLOATS)));
                let mut context = Context::from_waker(Waker::noop());
                let mut done = false;
                for _ in 0..polls {
                    done = done || matches!(save.as_mut().poll(&mut context), Poll::Ready(_));
                    sleep(Duration::from_millis(2));
                }
                if done {
                    continue;
                }
            }
            // It is taken back beside us.
            let start = Instant::now();
            loop {
                let keys = store.keys();
                let new = if options.shard_bytes.is_some() { 6 } else { 2 };
                let weights = before.iter().find(|key| key.ends_with(".bin")).unwrap();
                let is_whole = keys.len() == new && !keys.contains(weights);
                if store.open_uploads() == 0 && (keys == before || is_whole) {
                    let is_new = keys != before;
                    assert_loads(&open(&name), if is_new { 2 } else { 1 }, FLOATS);
                    break;
                }
                assert!(start.elapsed() < Duration::from_secs(10), "{keys:?}");
                sleep(Duration::from_millis(5));
            }
        }
    }
}

#[test]
fn a_removal_takes_the_parts_of_that_model_alone() {
    let store = bench::store("removal");
    for key in ["m", "m/x.json", "m/below", "m2"] {
        let url = ModelUrl::new("bench", &format!("removal/{key}")).unwrap();
        let handler = bench::handler(&url, &HandlerOptions::new()).unwrap();
        block_on(handler.save(model(1, 10))).unwrap();
    }
    let root = ModelUrl::parse("bench://removal").unwrap();
    let models = bench::models(&root, &HandlerOptions::new()).unwrap();
    block_on(models.remove(&ModelUrl::parse("bench://removal/m").unwrap())).unwrap();
    let keys = store.keys();
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert!(keys.contains(&"m/x.json".to_owned()), "{keys:?}");
}

#[test]
fn a_foreign_model_that_is_written_to_while_it_is_renamed_stays_where_it_is() {
    let store = bench::store("foreign");
    let put = |key: &str, bytes: Vec<u8>| {
        block_on(store.put(&Path::parse(key).unwrap(), bytes.into())).unwrap();
    };
    let specs = r#"[{"name":"w","shape":[8],"dtype":"uint8"}]"#;
    let json = format!(r#"{{"weightsManifest":[{{"paths":["w.bin"],"weights":{specs}}}]}}"#);
    put("m/model.json", json.into_bytes());
    put("m/w.bin", vec![1; 8]);
    let before = store.keys();
    store.overwrite_before_copy("m/w.bin", vec![2; 8]);
    let url = |path| ModelUrl::new("bench", path).unwrap();
    let models = bench::models(&url("foreign"), &HandlerOptions::new()).unwrap();
    let rename = || block_on(models.rename(&url("foreign/m"), &url("foreign/n")));
    assert_eq!(rename().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(store.keys(), before);
    rename().unwrap();
    let loaded =
        block_on(bench::handler(&url("foreign/n"), &HandlerOptions::new()).unwrap().load());
    assert_eq!(block_on(loaded.unwrap().weight_data.unwrap().to_bytes()).unwrap(), vec![2; 8]);
}
