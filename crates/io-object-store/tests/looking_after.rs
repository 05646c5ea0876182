//! What those who look after a store can ask: what is set, what it keeps, and what there is.
#![cfg(all(feature = "aws", feature = "azure", feature = "gcp"))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use futures::{TryStreamExt, executor::block_on};
use io_core::{HandlerOptions, IOHandler, ModelEntry, ModelStore, ModelUrl};
use io_object_store::{Condition, Origin, place};
use support::{bench, models::model};

fn parse(url: &str) -> ModelUrl {
    ModelUrl::parse(url).unwrap()
}

#[test]
fn a_place_tells_its_settings_and_no_secret() {
    let options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("endpoint", "http://127.0.0.1:1/")
        .with_setting("allow_http", "true")
        .with_setting("access_key_id", "hunter2")
        .with_setting("secret_access_key", "hunter2");
    let found = place(&parse("s3://bucket/models"), &options).unwrap().unwrap();
    assert_eq!(found.address, "http://127.0.0.1:1/bucket");
    let of = |origin: Origin| -> Vec<_> {
        let own = found.settings.iter().filter(|set| set.origin == origin);
        own.map(|set| (set.name.as_str(), set.value.as_deref())).collect()
    };
    assert_eq!(
        of(Origin::Option),
        [
            ("access_key_id", None),
            ("allow_http", Some("true")),
            ("endpoint", Some("http://127.0.0.1:1/")),
            ("env", Some("false")),
            ("secret_access_key", None),
        ]
    );
    assert_eq!(
        of(Origin::Default),
        [
            ("anonymous", Some("false")),
            ("concurrency", Some("4")),
            ("instance_metadata", Some("false")),
            ("max_retries", Some("10")),
            ("on_conflict", Some("replace")),
            ("part_bytes", Some("8388608")),
            ("proxy", Some("none")),
            ("timeout", Some("5 minutes")),
            ("region", Some("us-east-1")),
        ]
    );
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn what_the_url_says_is_told_as_such() {
    let options = HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("anonymous", "true")
        .with_setting("account_name", "other");
    let url = parse("abfss://c@mine.dfs.core.windows.net/m");
    let found = place(&url, &options).unwrap().unwrap();
    let mut own = found.settings.iter().filter(|set| set.name == "account_name");
    let account = own.next().unwrap();
    assert_eq!((account.value.as_deref(), account.origin), (Some("mine"), Origin::Url));
    assert!(own.next().is_none(), "{found:?}");
}

#[test]
fn each_cloud_has_its_addresses() {
    let address = |url: &str, name: &str, value: &str| {
        let options = HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("anonymous", "true")
            .with_setting(name, value);
        place(&parse(url), &options).unwrap().unwrap().address
    };
    let s3 = address("s3://b/m", "region", "eu-west-1");
    assert_eq!(s3, "https://s3.eu-west-1.amazonaws.com/b");
    let own = address("s3://b/m", "endpoint", "https://b.example.org/");
    assert_eq!(own, "https://b.example.org/b");
    assert_eq!(address("az://c/m", "account_name", "a"), "https://a.blob.core.windows.net/c");
    assert_eq!(address("gs://b/m", "max_retries", "0"), "https://storage.googleapis.com/b");
    assert!(place(&parse("memory://m"), &HandlerOptions::new()).unwrap().is_none());
}

#[test]
fn a_store_that_keeps_no_conditions_is_found_out() {
    let models = bench::models(&parse("bench://conditions/some"), &HandlerOptions::new()).unwrap();
    let found = block_on(models.probe_conditions()).unwrap();
    assert_eq!((found.create, found.update), (Condition::Kept, Condition::Kept));
    bench::store("conditions").careless();
    let found = block_on(models.probe_conditions()).unwrap();
    assert_eq!((found.create, found.update), (Condition::Ignored, Condition::Ignored));
    assert!(bench::store("conditions").keys().is_empty(), "the scratch object is left");
}

#[test]
fn our_own_models_are_listed_without_reading_any() {
    let urls = ["bench://listed/a", "bench://listed/b/c.json", "bench://listed/d"].map(parse);
    for (floats, url) in (1..).zip(&urls) {
        let sharded = HandlerOptions::new().with_shard_bytes(4.try_into().unwrap());
        let handler = bench::handler(url, &sharded).unwrap();
        block_on(handler.save(model(7, floats))).unwrap();
    }
    let store = bench::store("listed");
    let models = bench::models(&parse("bench://listed"), &HandlerOptions::new()).unwrap();
    store.bytes_read();
    let mut listed: Vec<ModelEntry> = block_on(models.list().try_collect()).unwrap();
    assert_eq!(store.bytes_read(), 0);
    listed.sort_by_key(|entry| entry.url.to_string());
    for (entry, url) in listed.iter().zip(&urls) {
        let looked = block_on(models.stat(url)).unwrap();
        assert_eq!(entry.url, *url);
        assert_eq!(entry.info.weight_data_bytes, looked.info.weight_data_bytes);
        assert_eq!(entry.info.weight_specs_bytes, looked.info.weight_specs_bytes);
        assert_eq!(entry.info.model_topology_bytes, looked.info.model_topology_bytes);
    }
    assert_eq!(listed.len(), urls.len());
}
