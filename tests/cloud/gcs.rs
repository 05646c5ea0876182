//! `gs://` on fake-gcs-server, which can be read from, and on SeaweedFS, whose S3 is near enough to
//! Google's XML to be written to. Neither keeps Google's preconditions.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, executor::block_on};
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelUrl};
use io_object_store::{ObjectStoreHandler, gcp::REGISTRATION};
use modelport_tests::servers::{FakeGcs, Seaweed, Users};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};

use crate::{
    garbage,
    models::{assert_loads, failing, model},
};

#[test]
fn gcs_can_be_read() {
    const FLOATS: u64 = 3 << 20;
    let server = FakeGcs::start();
    // Saved to memory, and from there object by object, by another client.
    let (store, url) = (Arc::new(InMemory::new()), server.url("deep/a b"));
    let saver =
        ObjectStoreHandler::new(store.clone(), url.clone(), "deep/a b", HandlerOptions::new());
    block_on(saver.unwrap().save(model(1, FLOATS))).unwrap();
    for meta in block_on(store.list(None).collect::<Vec<_>>()) {
        let key = meta.unwrap().location;
        let found = block_on(store.get(&key)).unwrap();
        server.put(key.as_ref(), &block_on(found.bytes()).unwrap());
    }

    let options = server.options();
    assert_loads(&(REGISTRATION.open)(&url, &options).unwrap(), 1, FLOATS);
    let models = (REGISTRATION.store.unwrap())(&server.url(""), &options).unwrap();
    let listed = block_on(models.list().try_collect::<Vec<_>>()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].url, listed[0].info.weight_data_bytes), (&url, FLOATS * 4));
    let error = block_on(models.stat(&server.url("absent"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    // It has no list of uploads.
    assert!(garbage(&server.url(""), &options, false).is_empty());
}

#[test]
fn gcs_is_written_to_in_parts_and_none_is_left_behind() {
    /// 4 parts of 5 MiB and one of 1 MiB.
    const FLOATS: u64 = 21 << 18;
    let server = Seaweed::start(Users::All);
    let options = server.gcs_options().with_setting("part_bytes", "5242880");
    let root = ModelUrl::new("gs", "models").unwrap();
    let url = |key: &str| ModelUrl::new("gs", &format!("models/{key}")).unwrap();
    let open = |key: &str| (REGISTRATION.open)(&url(key), &options).unwrap();
    for (key, floats) in [("large", FLOATS), ("small", 10), ("a b", 10), ("q?x=1#2+é", 10)] {
        block_on(open(key).save(model(1, floats))).unwrap();
        assert_loads(&open(key), 1, floats);
    }
    // A new model in place of the old one, and one that breaks off.
    block_on(open("large").save(model(2, FLOATS))).unwrap();
    block_on(open("large").save(failing(3, FLOATS, 12 << 20))).unwrap_err();
    assert_loads(&open("large"), 2, FLOATS);
    assert_eq!(server.open_uploads(), 0);
    assert!(garbage(&root, &options, false).is_empty());

    let models = (REGISTRATION.store.unwrap())(&root, &options).unwrap();
    let listed = block_on(models.list().try_collect::<Vec<_>>()).unwrap();
    assert_eq!(listed.len(), 4, "{listed:?}");
    for entry in listed {
        block_on(models.remove(&entry.url)).unwrap();
    }
    assert!(block_on(models.list().try_collect::<Vec<_>>()).unwrap().is_empty());
}
