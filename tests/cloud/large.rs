//! Many models in a bucket, and large ones.

use std::{pin::pin, process::Command, time::Instant};

use futures::{StreamExt as _, TryStreamExt as _, executor::block_on, stream};
use io_core::{HandlerOptions, IOHandler, ModelUrl, Registration, Weights};
use modelport_tests::{
    program::{self, peak_bytes, run},
    reference::python_of,
    servers::{Azurite, Seaweed, Users},
};

use crate::{
    amount,
    models::model,
    proxy::{Fate, Proxy},
    words,
};

const MIB: u64 = 1 << 20;

#[test]
fn s3_lists_many_models_by_few_requests_in_little_memory() {
    let server = Seaweed::start(Users::Known);
    let options = |port| server.options_through(port);
    list(&io_object_store::aws::REGISTRATION, server.s3, 1_000, &server.url("many"), &options);
}

#[test]
fn azure_lists_many_models_by_few_requests_in_little_memory() {
    let server = Azurite::start();
    let options = |port| server.options_through(port);
    let url = server.url("many");
    list(&io_object_store::azure::REGISTRATION, server.port, 5_000, &url, &options);
}

#[test]
fn s3_takes_a_large_model_in_parts() {
    let server = Seaweed::start(Users::Known);
    round_trip(&io_object_store::aws::REGISTRATION, &server.url("large"), &server.options());
    assert_eq!(server.open_uploads(), 0);
}

#[test]
fn azure_takes_a_large_model_in_parts() {
    let server = Azurite::start();
    round_trip(&io_object_store::azure::REGISTRATION, &server.url("large"), &server.options());
}

/// A page of the server's list has so many objects.
fn list(
    registration: &Registration,
    upstream: u16,
    page: usize,
    root: &ModelUrl,
    options_through: &dyn Fn(u16) -> HandlerOptions,
) {
    let count = amount(600, 10_000);
    let options = options_through(upstream);
    let begun = Instant::now();
    block_on(stream::iter((0..count).map(Ok)).try_for_each_concurrent(16, |number| {
        let url = ModelUrl::parse(&format!("{root}/{}/{number:05}", number % 7)).unwrap();
        let handler = (registration.open)(&url, &options).unwrap();
        async move { handler.save(model(1, 10)).await.map(drop) }
    }))
    .unwrap();
    println!("saved {count} models in {:.1} s", begun.elapsed().as_secs_f64());

    let proxy = Proxy::start(upstream, |_| Fate::Answered);
    let through = words("--option", &options_through(proxy.port));
    let begun = Instant::now();
    let arguments = ["ls", root.as_str(), "--json"].map(str::to_owned);
    let listed = run(arguments.iter().chain(&through)).success();
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(listed.lines().count(), count);
    // All sizes are there.
    assert_eq!(
        listed.matches(r#""weightDataBytes":40"#).count(),
        count,
        "{:?}",
        listed.lines().next()
    );
    // Each model is two objects.
    let most = (2 * count).div_ceil(page) + 1;
    println!("listed {count} models by {} requests in {seconds:.1} s", proxy.requests());
    assert!(proxy.requests() <= most, "{} requests for {count} models", proxy.requests());

    let mut command = Command::new(program::path());
    command.args(arguments.iter().chain(&through));
    let peak = peak_bytes(&python_of("object-stores"), &command);
    println!("listed {count} models in {} MiB", peak / MIB);
    assert!(peak < 64 * MIB, "the list took {} MiB", peak / MIB);
}

fn round_trip(registration: &Registration, url: &ModelUrl, options: &HandlerOptions) {
    let floats = amount(12 << 20, 250_000_000);
    let handler = (registration.open)(url, options).unwrap();
    let begun = Instant::now();
    block_on(handler.save(model(1, floats))).unwrap();
    println!("saved {floats} floats in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let loaded = block_on(handler.load()).unwrap().weight_data.unwrap();
    assert!(block_on(same(&loaded, &model(1, floats).weight_data.unwrap())), "other weights");
    println!("loaded {floats} floats in {:.1} s", begun.elapsed().as_secs_f64());
}

/// Whether two runs of weights are the same, without either of them in memory.
async fn same(one: &Weights, other: &Weights) -> bool {
    if one.byte_length() != other.byte_length() {
        return false;
    }
    let (mut one, mut other) = (pin!(one.stream()), pin!(other.stream()));
    let mut due = bytes::Bytes::new();
    while let Some(chunk) = one.next().await {
        let mut chunk = chunk.unwrap();
        while !chunk.is_empty() {
            if due.is_empty() {
                due = other.next().await.expect("as many bytes").unwrap();
            }
            let length = chunk.len().min(due.len());
            if chunk.split_to(length) != due.split_to(length) {
                return false;
            }
        }
    }
    true
}
