//! `modelport serve` with its models in a bucket.

#[path = "../serve/server.rs"]
#[expect(dead_code, reason = "one way to run it for all tests")]
mod program_server;

use program_server::Server;

use crate::{
    round::{keeps_models, names_of},
    weed,
};

#[test]
fn a_bucket_is_served_and_keeps_its_models_when_the_server_ends() {
    let bucket = weed::start();
    let options: Vec<String> =
        bucket.settings().iter().map(|(key, value)| format!("--option={key}={value}")).collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let root = format!("s3://{}/served", weed::BUCKET);

    let server = Server::start(&root, &options);
    keeps_models(&server.url);
    let kept = names_of(&server.url);
    drop(server);

    assert_eq!(names_of(&Server::start(&root, &options).url), kept);
}
