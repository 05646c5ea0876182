//! Two writers at once on the same model: one winner each time, and never a torn model.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelUrl, Registration, WriteMode};
use modelport_tests::servers::{Azurite, Moto, Seaweed, Users};

use crate::{
    amount, garbage,
    models::model,
    proxy::{Fate, Proxy},
};

/// Weights that fit one request; what is torn or not are the objects, not their bytes.
const FLOATS: u64 = 3_000;

#[test]
fn s3_lets_one_of_two_writers_win() {
    let server = Seaweed::start(Users::Known);
    writers(&io_object_store::aws::REGISTRATION, &server.url("m"), &server.options());
}

#[test]
fn s3_lets_one_of_two_writers_win_on_moto() {
    let server = Moto::start();
    writers(&io_object_store::aws::REGISTRATION, &server.url("m"), &server.options());
}

#[test]
fn azure_lets_one_of_two_writers_win() {
    let server = Azurite::start();
    writers(&io_object_store::azure::REGISTRATION, &server.url("m"), &server.options());
}

fn writers(registration: &'static Registration, url: &ModelUrl, options: &HandlerOptions) {
    let rounds = amount(20, 1_000);
    let fail = options.clone().with_setting("on_conflict", "fail");
    let create = options.clone().with_write_mode(WriteMode::Create);
    let store = (registration.store.unwrap())(url, options).unwrap();
    let open = |options| (registration.open)(url, options).unwrap();
    let (mut conflicts, mut firsts) = (0, BTreeSet::new());
    for round in 0..rounds {
        // Who began with the same model: one replaces it, the other is told; who finds nothing: the
        // same. Now and then one is done before the other begins, and then both may win.
        for (options, refusal) in
            [(&create, ErrorKind::AlreadyExists), (&fail, ErrorKind::Conflict)]
        {
            let won = thread::scope(|scope| {
                [1, 2]
                    .map(|seed| {
                        (
                            seed,
                            scope.spawn(move || block_on(open(options).save(model(seed, FLOATS)))),
                        )
                    })
                    .map(|(seed, writer)| match writer.join().unwrap() {
                        Ok(_) => Some(seed),
                        Err(error) => {
                            assert_eq!(error.kind(), refusal, "round {round}: {error:?}");
                            None
                        }
                    })
            });
            let found = seed(&*open(options));
            match won {
                [Some(one), None] | [None, Some(one)] => {
                    assert_eq!(found, one, "round {round}: the loser is there");
                    conflicts += 1;
                    firsts.insert(one);
                }
                [Some(_), Some(_)] => assert_eq!(refusal, ErrorKind::Conflict, "round {round}"),
                [None, None] => panic!("round {round}: nobody won"),
            }
            // The weights of the loser and of what was replaced are gone.
            let left = garbage(url, options, false);
            assert!(left.is_empty(), "round {round}: {left:?}");
        }
        block_on(store.remove(url)).unwrap();
    }
    println!("{rounds} rounds, {conflicts} refusals");
    assert!(conflicts > rounds, "the writers hardly met: {conflicts} refusals");
    assert!(firsts.len() == 2, "the same one won each time");
}

#[test]
fn who_is_overtaken_while_a_commit_is_repeated_brings_nothing_back_on_s3() {
    let server = Seaweed::start(Users::Known);
    overtaken(&io_object_store::aws::REGISTRATION, &server.url("m"), server.s3, &|port| {
        server.options_through(port)
    });
}

#[test]
fn who_is_overtaken_while_a_commit_is_repeated_brings_nothing_back_on_azure() {
    let server = Azurite::start();
    overtaken(&io_object_store::azure::REGISTRATION, &server.url("m"), server.port, &|port| {
        server.options_through(port)
    });
}

/// The first commit is done and answered with 502; before the client sends it again somebody else
/// replaces the model, or removes it.
fn overtaken(
    registration: &'static Registration,
    url: &ModelUrl,
    upstream: u16,
    options: &dyn Fn(u16) -> HandlerOptions,
) {
    let direct = options(upstream);
    let open = |options: &HandlerOptions| (registration.open)(url, options).unwrap();
    for is_removed in [false, true] {
        block_on(open(&direct).save(model(2, FLOATS))).unwrap();
        let commits = AtomicUsize::new(0);
        let (other, other_url) = (direct.clone(), url.clone());
        let proxy = Proxy::start(upstream, move |request| {
            if request.method != "PUT" || !request.target.contains("model.json") {
                return Fate::Answered;
            }
            match commits.fetch_add(1, SeqCst) {
                0 => return Fate::Denied(502),
                1 if is_removed => {
                    let store = (registration.store.unwrap())(&other_url, &other).unwrap();
                    block_on(store.remove(&other_url)).unwrap();
                }
                1 => {
                    let handler = (registration.open)(&other_url, &other).unwrap();
                    block_on(handler.save(model(2, FLOATS))).unwrap();
                }
                _ => {}
            }
            Fate::Answered
        });
        let error = block_on(open(&options(proxy.port)).save(model(1, FLOATS))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
        assert!(error.is_retryable());
        if is_removed {
            let gone = block_on(open(&direct).load()).unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone:?}");
        } else {
            assert_eq!(seed(&*open(&direct)), 2);
        }
        let left = garbage(url, &direct, false);
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Which of the models is there, whole.
fn seed(handler: &dyn IOHandler) -> u8 {
    let loaded = block_on(handler.load()).unwrap();
    let found = block_on(loaded.weight_data.unwrap().to_bytes()).unwrap();
    let is = |seed| block_on(model(seed, FLOATS).weight_data.unwrap().to_bytes()).unwrap() == found;
    [1, 2].into_iter().find(|seed| is(*seed)).expect("a torn model")
}
