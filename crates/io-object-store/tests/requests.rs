//! What is asked of the store: nothing twice, nothing that is not needed, and no update lost.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::num::NonZeroU64;

use futures::{TryStreamExt, executor::block_on};
use io_core::{DType, ErrorKind, HandlerOptions, IOHandler, ModelStore, ModelUrl, WeightSpec};
use io_manifest::read_tensors;
use io_object_store::ObjectStoreHandler;
use object_store::{ObjectStoreExt, path::Path};
use support::{
    bench,
    models::{assert_loads, model},
};

const FLOATS: u64 = 5 << 18;

/// Shards of ten floats.
const SHARD: NonZeroU64 = NonZeroU64::new(40).unwrap();

fn open(key: &str) -> ObjectStoreHandler {
    open_with(key, &HandlerOptions::new())
}

fn open_with(key: &str, options: &HandlerOptions) -> ObjectStoreHandler {
    bench::handler(&url(key), options).unwrap()
}

fn url(key: &str) -> ModelUrl {
    ModelUrl::new("bench", key).unwrap()
}

#[test]
fn of_some_weights_only_their_bytes_are_read() {
    let handler = open_with("some/m", &HandlerOptions::new().with_shard_bytes(SHARD));
    let mut model = model(3, 1000);
    let specs = [("a", 10), ("b", 3), ("c", 987)];
    model.weight_specs =
        Some(specs.map(|(name, n)| WeightSpec::new(name, [n], DType::Float32)).to_vec());
    block_on(handler.save(model)).unwrap();
    let all = block_on(handler.load()).unwrap();
    let (specs, weights) = (all.weight_specs.unwrap(), all.weight_data.unwrap());
    let bytes = block_on(weights.to_bytes()).unwrap();
    bench::store("some").bytes_read();
    let found = block_on(read_tensors(&specs, &weights, &["b", "a"])).unwrap();
    assert_eq!(bench::store("some").bytes_read(), 52);
    assert_eq!((&*found[0].0.name, &found[0].1[..]), ("b", &bytes[40..52]));
    assert_eq!((&*found[1].0.name, &found[1].1[..]), ("a", &bytes[..40]));
}

#[test]
fn a_look_reads_no_weights_and_a_range_only_its_bytes() {
    let store = bench::store("ranges");
    block_on(open("ranges/m").save(model(1, FLOATS))).unwrap();
    let models = bench::models(&url("ranges"), &HandlerOptions::new()).unwrap();
    store.bytes_read();
    let entry = block_on(models.stat(&url("ranges/m"))).unwrap();
    assert_eq!(entry.info.weight_data_bytes, FLOATS * 4);
    let json = store.bytes_read();
    assert!(json < 1_000, "{json} bytes for a look");
    let weights = block_on(open("ranges/m").load()).unwrap().weight_data.unwrap();
    assert_eq!(store.bytes_read(), json);
    let read: Vec<_> = block_on(weights.stream_range(70_000..70_400).try_collect()).unwrap();
    assert_eq!((read.concat().len(), store.bytes_read()), (400, 400));
}

#[test]
fn copies_and_renames_read_no_weights_unless_the_store_cannot_copy() {
    let store = bench::store("copies");
    block_on(open("copies/a").save(model(1, FLOATS))).unwrap();
    let models = bench::models(&url("copies"), &HandlerOptions::new()).unwrap();
    store.bytes_read();
    block_on(models.copy(&url("copies/a"), &url("copies/b"))).unwrap();
    block_on(models.rename(&url("copies/b"), &url("copies/c"))).unwrap();
    assert!(store.bytes_read() < 10_000);
    store.without_copies();
    block_on(models.copy(&url("copies/c"), &url("copies/d"))).unwrap();
    assert!(store.bytes_read() >= FLOATS * 4);
    for key in ["copies/a", "copies/c", "copies/d"] {
        assert_loads(&open(key), 1, FLOATS);
    }
    assert_eq!((store.keys().len(), store.open_uploads()), (6, 0));
}

#[test]
fn an_update_in_between_is_a_conflict_where_asked_for() {
    let store = bench::store("conflict");
    block_on(open("conflict/m").save(model(1, 10))).unwrap();
    // While one save reads its weights, another one is done.
    let slow = {
        let mut artifacts = model(2, 10);
        artifacts.weight_data = Some(io_core::Weights::from_source(Meanwhile));
        artifacts
    };
    let options = HandlerOptions::new().with_setting("on_conflict", "fail");
    let error = block_on(open_with("conflict/m", &options).save(slow.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.is_retryable());
    assert_loads(&open("conflict/m"), 3, 10);
    assert_eq!(store.keys().len(), 2, "{:?}", store.keys());
    block_on(open("conflict/m").save(slow)).unwrap();
    assert_eq!(store.keys().len(), 2, "{:?}", store.keys());
}

/// Saves the model 3 in the middle of being read.
#[derive(Debug)]
struct Meanwhile;

impl io_core::WeightSource for Meanwhile {
    fn byte_length(&self) -> u64 {
        40
    }

    fn stream(&self, _: std::ops::Range<u64>) -> io_core::WeightStream {
        Box::pin(futures::stream::once(async {
            open("conflict/m").save(model(3, 10)).await?;
            Ok(bytes::Bytes::from_static(&[0; 40]))
        }))
    }
}

#[test]
fn a_foreign_model_that_changes_is_a_conflict() {
    const JSON: &str = r#"{"modelTopology":{},"weightsManifest":[{"paths":["w.bin"],
        "weights":[{"name":"w","shape":[2],"dtype":"float32"}]}]}"#;
    let store = bench::store("foreign");
    let put = |key: &str, text: &str| {
        let path = Path::parse(key).unwrap();
        block_on(store.put(&path, text.to_owned().into())).unwrap();
    };
    put("m/model.json", JSON);
    let error = block_on(open("foreign/m").load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    put("m/w.bin", "12345678");
    let loaded = block_on(open("foreign/m").load()).unwrap().weight_data.unwrap();
    assert_eq!(&block_on(loaded.to_bytes()).unwrap()[..], b"12345678");
    put("m/w.bin", "87654321");
    let error = block_on(loaded.to_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    // Another model's weights are not ours to remove.
    put("m/other.json", JSON);
    block_on(open("foreign/m").save(model(1, 10))).unwrap();
    assert!(store.keys().contains(&"m/w.bin".to_owned()));
    // What leaves the prefix is refused.
    put("evil/model.json", &JSON.replace("w.bin", "../m/w.bin"));
    let error = block_on(open("foreign/evil").load()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn damage_is_found() {
    let store = bench::store("damage");
    block_on(open("damage/m").save(model(1, 10))).unwrap();
    let weights = store.keys().into_iter().find(|key| key.ends_with(".bin")).unwrap();
    block_on(store.put(&Path::parse(&weights).unwrap(), vec![9; 40].into())).unwrap();
    let loaded = block_on(open("damage/m").load()).unwrap().weight_data.unwrap();
    assert_eq!(block_on(loaded.to_bytes()).unwrap_err().kind(), ErrorKind::Corrupt);
}
