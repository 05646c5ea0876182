//! What is between us and the server loses requests and answers: then a save or a load goes well all
//! the same, or it fails with an error that says so, in time, and no model is torn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures::executor::block_on;
use io_core::HandlerOptions;
use io_core::{ErrorKind, IOHandler, ModelUrl, Registration, Result, SaveResult};
use modelport_tests::servers::{Azurite, Seaweed, Users};

use crate::{
    amount, garbage,
    models::{loads, model},
    proxy::{Fate, Proxy},
};

/// Three parts of 5 MiB, the last one of them short.
const FLOATS: u64 = 11 << 18;
const FATES: [Fate; 7] = [
    Fate::Reset,
    Fate::AnswerLost,
    Fate::AnswerCut,
    Fate::Refused(500),
    Fate::Refused(503),
    Fate::Denied(502),
    Fate::Stalled,
];
/// Two retries of requests that may take a second each, the waits in between, and a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn s3_through_a_bad_network() {
    let server = Seaweed::start(Users::Known);
    let options = |port| server.options_through(port);
    bad_network(&io_object_store::aws::REGISTRATION, server.s3, &server.url("m"), &options);
    // Parts of saves that failed were taken back, where that could be said.
    println!("{} uploads were left open", server.open_uploads());
    garbage(&server.url("m"), &server.options(), true);
    assert_eq!(server.open_uploads(), 0, "`gc` has not found an upload");
}

#[test]
fn azure_through_a_bad_network() {
    let server = Azurite::start();
    let options = |port| server.options_through(port);
    bad_network(&io_object_store::azure::REGISTRATION, server.port, &server.url("m"), &options);
}

fn bad_network(
    registration: &Registration,
    upstream: u16,
    url: &ModelUrl,
    options_through: &dyn Fn(u16) -> HandlerOptions,
) {
    let open = |port| {
        let options = options_through(port)
            .with_setting("part_bytes", "5242880")
            .with_setting("timeout", "1 second");
        (registration.open)(url, &options).unwrap()
    };
    let direct = || (registration.open)(url, &options_through(upstream)).unwrap();
    let mut now = 1;
    block_on(direct().save(model(now, FLOATS))).unwrap();
    let requests = {
        let proxy = Proxy::start(upstream, |_| Fate::Answered);
        block_on(open(proxy.port).save(model(now, FLOATS))).unwrap();
        proxy.requests()
    };
    let (mut went_well, mut failed) = (0, 0);
    for (offset, fate) in FATES.into_iter().enumerate() {
        for at in 0..requests {
            // One request, or from it on all.
            for for_good in [false, true] {
                // Without `--full` some of each.
                let some = if for_good { at % 5 == offset % 5 } else { at % 2 == offset % 2 };
                if !amount(some, true) {
                    continue;
                }
                let bad = move |number| number == at || for_good && number > at;
                let new = 3 - now;
                let what = format!("save, {fate:?} at {at}, for good: {for_good}");
                let begun = Instant::now();
                let proxy =
                    Proxy::start(
                        upstream,
                        move |request| {
                            if bad(request.number) { fate } else { Fate::Answered }
                        },
                    );
                let saved = block_on(open(proxy.port).save(model(new, FLOATS)));
                assert!(begun.elapsed() < LIMIT, "{what}: {:?}", begun.elapsed());
                let found = if loads(&direct(), now, FLOATS) { now } else { new };
                assert!(loads(&direct(), found, FLOATS), "{what}: a torn model");
                if is_done(saved, &what) {
                    assert_eq!(found, new, "{what}: not saved");
                    went_well += 1;
                } else {
                    failed += 1;
                }
                now = found;
            }
        }
        load(&open, upstream, now, fate);
    }
    println!("{requests} requests; {went_well} saves went well, {failed} failed");
    assert!(went_well > 0 && failed > 0, "{went_well} went well, {failed} failed");
}

/// Whether it went well; what went wrong has to be said to be the network's fault.
fn is_done(saved: Result<SaveResult>, what: &str) -> bool {
    let Err(error) = saved else { return true };
    let kinds = [ErrorKind::Network, ErrorKind::Timeout];
    assert!(kinds.contains(&error.kind()) && error.is_retryable(), "{what}: {error:?}");
    false
}

/// The same for a load: one request at a time goes wrong, then everything.
fn load(open: &dyn Fn(u16) -> Box<dyn IOHandler>, upstream: u16, seed: u8, fate: Fate) {
    for for_good in [false, true] {
        let is_first = Arc::new(AtomicBool::new(true));
        let proxy = Proxy::start(upstream, move |request| {
            // The JSON, then the first request for weights.
            let is_bad = request.method == "GET"
                && request.target.contains(".bin")
                && (for_good || is_first.swap(false, SeqCst));
            if is_bad { fate } else { Fate::Answered }
        });
        let what = format!("load, {fate:?}, for good: {for_good}");
        let begun = Instant::now();
        let loaded = block_on(async {
            let weights = open(proxy.port).load().await?.weight_data.unwrap();
            weights.to_bytes().await
        });
        assert!(begun.elapsed() < LIMIT, "{what}: {:?}", begun.elapsed());
        match loaded {
            Ok(bytes) => {
                let due = block_on(model(seed, FLOATS).weight_data.unwrap().to_bytes()).unwrap();
                assert!(bytes == due && !for_good, "{what}: other weights");
            }
            Err(error) => {
                let kinds = [ErrorKind::Network, ErrorKind::Timeout];
                assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
                assert!(for_good, "{what}: {error:?}");
            }
        }
    }
}
