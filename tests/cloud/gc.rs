//! `modelport gc` with a bucket.

use std::{collections::BTreeSet, error::Error};

use futures::{TryStreamExt, executor::block_on};
use io_core::{Garbage, GcOptions, HandlerOptions, ModelUrl};
use modelport_tests::{
    fixtures, program,
    servers::{Moto, Seaweed, Users, request},
};
use object_store::{
    aws::{AmazonS3, AmazonS3Builder},
    multipart::MultipartStore,
    path::Path,
};

use crate::{
    amount, collect_garbage, garbage,
    proxy::{Fate, Proxy},
    words,
};

#[test]
fn gc_removes_what_no_model_has_from_a_bucket_and_only_when_asked_to() {
    let bucket = Seaweed::start(Users::Known);
    let options = words("--option", &bucket.options());
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = |args: &[&str]| program::run(args.iter().chain(&options));
    let model = bucket.url("models/m").to_string();
    let fixture = fixtures::one("k2-quant/tfjs-uint8");
    let copy = ["cp", fixture.dir.to_str().unwrap(), &model].map(str::to_owned);
    program::run(copy.iter().chain(&words("--to-option", &bucket.options()))).success();

    // As a save that was killed before its commit, and something of somebody else's.
    let folder = "/buckets/models/models";
    let lost = format!("{folder}/m/weights.0123456789abcdef-00000064-a-b.bin");
    let never = format!("{folder}/never/group1-shard1of2.fedcba9876543210-00000064-a-b.bin");
    let mine = format!("{folder}/m/notes.bin");
    for object in [&lost, &never, &mine] {
        assert!(matches!(request(bucket.filer, "PUT", object, &[], b"12345").0, 200..300));
    }
    let is_there = |object: &str| request(bucket.filer, "GET", object, &[], b"").0 == 200;

    let root = bucket.url("models").to_string();
    assert!(run(&["gc", &root]).success().starts_with("found 0 pieces of garbage"), "it is young");
    let told = run(&["gc", "--older-than", "0s", &root]).success();
    assert!(told.contains("found 2 pieces of garbage, 10 B; nothing was removed"), "{told}");
    assert!(is_there(&lost) && is_there(&never));

    let gone = run(&["gc", "--older-than", "0s", "--delete", "--json", &root]).success();
    let mut urls: Vec<String> = gone
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|found| found["url"].as_str().unwrap().to_owned())
        .collect();
    urls.sort();
    let url = |object: &str| object.replace("/buckets/", "s3://");
    assert_eq!(urls, [url(&lost), url(&never)]);
    assert!(!is_there(&lost) && !is_there(&never) && is_there(&mine));
    run(&["verify", &model]).success();
}

#[test]
fn s3_uploads_that_were_never_completed_are_taken_back() {
    let server = Seaweed::start(Users::Known);
    let begun = begin_uploads(&server.options());
    let root = server.url("models");
    assert!(young_garbage(&root, &server.options()).is_empty());
    take_back(&begun, &root, &server.options());
    assert_eq!(server.open_uploads(), OTHERS.len());
}

#[test]
fn s3_uploads_that_were_never_completed_are_taken_back_on_moto() {
    let server = Moto::start();
    let begun = begin_uploads(&server.options());
    // It tells one date for all.
    take_back(&begun, &server.url("models"), &server.options());
}

#[test]
fn gcs_uploads_that_were_never_completed_are_taken_back() {
    let server = Seaweed::start(Users::All);
    let begun = begin_uploads(&server.options());
    let root = ModelUrl::new("gs", "models/models").unwrap();
    assert!(young_garbage(&root, &server.gcs_options()).is_empty());
    take_back(&begun, &root, &server.gcs_options());
    assert_eq!(server.open_uploads(), OTHERS.len());
}

#[test]
fn an_error_in_place_of_the_list_of_uploads_is_no_empty_list() {
    let server = Seaweed::start(Users::Known);
    // With the status of a success, as S3 answers what takes it long.
    let proxy = Proxy::start(server.s3, |request| {
        if request.target.contains("uploads=") { Fate::Refused(200) } else { Fate::Answered }
    });
    let root = server.url("models");
    let place =
        io_object_store::place(&root, &server.options_through(proxy.port)).unwrap().unwrap();
    let found: Result<Vec<_>, _> = block_on(place.store.gc(GcOptions::default()).try_collect());
    let cause = found.unwrap_err().source().unwrap().to_string();
    assert!(cause.contains("SlowDown"), "{cause}");
}

/// Uploads that are not to be touched: one of somebody else's and one outside.
const OTHERS: [&str; 2] =
    ["models/m0/notes.bin", "models2/m/weights.0123456789abcdef-00000064-a-b.bin"];

/// Begins uploads under `models`, as saves do that are killed then, and [`OTHERS`]. Returns the keys
/// of the former, with the bytes of each that have arrived.
fn begin_uploads(options: &HandlerOptions) -> Vec<(String, usize)> {
    // All but the last part have so many bytes.
    const PART: usize = 5 << 20;
    // With `--full` more than a page of the list has.
    let numbers = 0..amount(3, 1100);
    let key = |number| format!("models/m{number}/weights.0123456789abcdef-00000064-a-b.bin");
    let begun: Vec<_> =
        numbers.map(|number| (key(number), if number == 0 { PART + 5 } else { 0 })).collect();
    let client = client(options);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for (key, bytes) in begun.iter().cloned().chain(OTHERS.map(|key| (key.to_owned(), 0))) {
            let key = Path::parse(key).unwrap();
            let id = client.create_multipart(&key).await.unwrap();
            for (index, part) in vec![1; bytes].chunks(PART).enumerate() {
                client.put_part(&key, &id, index, part.to_vec().into()).await.unwrap();
            }
        }
    });
    begun
}

/// What `gc` removes that is not told how old garbage is.
fn young_garbage(root: &ModelUrl, options: &HandlerOptions) -> Vec<Garbage> {
    collect_garbage(root, options, GcOptions::default().with_dry_run(false))
}

/// The uploads under `root` are found, and taken back when that is asked for.
fn take_back(begun: &[(String, usize)], root: &ModelUrl, options: &HandlerOptions) {
    let bucket = root.as_str().strip_suffix("models").unwrap();
    let due: BTreeSet<_> =
        begun.iter().map(|(key, bytes)| (format!("{bucket}{key}"), *bytes as u64)).collect();
    for remove in [false, true] {
        let found = garbage(root, options, remove);
        let found: BTreeSet<_> =
            found.iter().map(|found| (found.url.as_str().to_owned(), found.bytes)).collect();
        assert_eq!(found, due);
    }
    assert!(garbage(root, options, true).is_empty());
}

/// A client of the server that `options` are for.
fn client(options: &HandlerOptions) -> AmazonS3 {
    let set = |name: &str| options.settings[name].as_str();
    AmazonS3Builder::new()
        .with_bucket_name("models")
        .with_endpoint(set("endpoint"))
        .with_region(set("region"))
        .with_access_key_id(set("access_key_id"))
        .with_secret_access_key(set("secret_access_key"))
        .with_allow_http(true)
        .build()
        .unwrap()
}
