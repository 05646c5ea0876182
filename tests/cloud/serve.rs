//! `modelport serve` with its models in a bucket.

use modelport_tests::servers::{Seaweed, Users};

use crate::{
    program_server::Server,
    round::{keeps_models, names_of},
    words,
};

#[test]
fn a_bucket_is_served_and_keeps_its_models_when_the_server_ends() {
    let bucket = Seaweed::start(Users::Known);
    let options = words("--option", &bucket.options());
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let root = bucket.url("served");

    let server = Server::start(root.as_str(), &options);
    keeps_models(&server.url);
    let kept = names_of(&server.url);
    drop(server);

    assert_eq!(names_of(&Server::start(root.as_str(), &options).url), kept);
}
