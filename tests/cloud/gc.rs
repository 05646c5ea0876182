//! `modelport gc` with a bucket.

use modelport_tests::{
    fixtures, program,
    servers::{Seaweed, Users, request},
};

use crate::words;

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
