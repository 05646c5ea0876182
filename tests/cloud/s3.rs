//! `s3://` on SeaweedFS, a production server that checks signatures and conditions, and on moto.

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    thread::sleep,
    time::{Duration, Instant},
};

use futures::{TryStreamExt, executor::block_on};
use io_conformance::Place;
use io_core::{ErrorKind, HandlerOptions, IOHandler};
use io_object_store::aws::REGISTRATION;
use modelport_tests::servers::{Moto, Seaweed, Users, encoded, request};

use crate::{
    check,
    models::{assert_loads, failing, loads, model},
};

/// 5 MiB.
const PART: &str = "5242880";

#[test]
fn s3_shows_every_behaviour() {
    let server = Seaweed::start(Users::Known);
    shows_every_behaviour("s3:// on SeaweedFS", &server.options());
}

#[test]
fn s3_shows_every_behaviour_on_moto() {
    let server = Moto::start();
    shows_every_behaviour("s3:// on moto", &server.options());
}

fn shows_every_behaviour(name: &str, options: &HandlerOptions) {
    let next = AtomicU64::new(0);
    // One request at a time keeps a save of 32 MiB below half of it in memory.
    let options = options.clone().with_setting("part_bytes", PART).with_setting("concurrency", "1");
    let place = || {
        let root = format!("s3://models/place-{}", next.fetch_add(1, Ordering::Relaxed));
        Place::new(&REGISTRATION, root).with_options(options.clone()).with_settings(&[
            "access_key_id",
            "endpoint",
            "part_bytes",
            "region",
            "timeout",
        ])
    };
    check(name, &block_on(io_conformance::run(place)), 98);
}

#[test]
fn s3_uploads_in_parts_and_leaves_none_behind() {
    /// 4 parts of 5 MiB and one of 1 MiB.
    const FLOATS: u64 = 21 << 18;
    let server = Seaweed::start(Users::Known);
    let options = server.options().with_setting("part_bytes", PART);
    let open = || (REGISTRATION.open)(&server.url("large"), &options).unwrap();
    block_on(open().save(model(1, FLOATS))).unwrap();
    assert_loads(&open(), 1, FLOATS);
    assert_eq!(server.open_uploads(), 0);

    block_on(open().save(failing(2, FLOATS, 12 << 20))).unwrap_err();
    assert_eq!(server.open_uploads(), 0, "after a save that failed");
    assert_loads(&open(), 1, FLOATS);

    let mut dropped_half_way = false;
    for polls in [2, 4] {
        let handler = open();
        {
            let mut save = pin!(handler.save(model(3, FLOATS)));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                if matches!(save.as_mut().poll(&mut context), Poll::Ready(_)) {
                    break;
                }
                sleep(Duration::from_millis(30));
                dropped_half_way |= server.open_uploads() > 0;
            }
        }
        let start = Instant::now();
        while server.open_uploads() > 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "an upload was left behind");
            sleep(Duration::from_millis(20));
        }
        // Nobody knows how far the last request had come when the save was dropped.
        assert!(loads(&open(), 1, FLOATS) || loads(&open(), 3, FLOATS), "neither model");
    }
    assert!(dropped_half_way, "no save was dropped during its upload");
}

#[test]
fn s3_keys_with_odd_characters_are_literal() {
    let server = Seaweed::start(Users::Known);
    let keys = ["a b", "100%", "a%20b", "x#1", "q?x=1&y=2", "p+q", "~[1]", "é文", "a'b\"c", "=,;:"];
    for key in keys {
        let handler = (REGISTRATION.open)(&server.url(key), &server.options()).unwrap();
        block_on(handler.save(model(1, 10))).unwrap();
        assert_loads(&handler, 1, 10);
        // As another client sees it.
        let path = format!("/buckets/models/{}/model.json", encoded(key));
        let (status, body) = request(server.filer, "GET", &path, &[], b"");
        assert_eq!(status, 200, "{key}");
        assert!(body.starts_with(b"{\"modelTopology\""), "{key}");
    }
    let store = (REGISTRATION.store.unwrap())(&server.url(""), &server.options()).unwrap();
    let mut listed: Vec<_> = block_on(store.list().try_collect::<Vec<_>>()).unwrap();
    listed.sort_by(|a, b| a.url.cmp(&b.url));
    let mut due: Vec<_> = keys.iter().map(|key| server.url(key)).collect();
    due.sort();
    assert_eq!(listed.into_iter().map(|entry| entry.url).collect::<Vec<_>>(), due);
    for key in keys {
        block_on(store.rename(&server.url(key), &server.url(&format!("moved/{key}")))).unwrap();
        block_on(store.remove(&server.url(&format!("moved/{key}")))).unwrap();
    }
    assert!(block_on(store.list().try_collect::<Vec<_>>()).unwrap().is_empty());
}

#[test]
fn s3_refuses_a_wrong_secret_and_does_not_tell_it() {
    let server = Seaweed::start(Users::Known);
    let options = server.options().with_setting("secret_access_key", "hunter2");
    let handler = (REGISTRATION.open)(&server.url("m"), &options).unwrap();
    for error in
        [block_on(handler.load()).unwrap_err(), block_on(handler.save(model(1, 10))).unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
