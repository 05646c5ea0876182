//! Two writers at once on the same model: one winner each time, and never a torn model.

use std::{collections::BTreeSet, thread};

use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, IOHandler, ModelUrl, Registration, WriteMode};
use modelport_tests::servers::{Azurite, Moto, Seaweed, Users};

use crate::{amount, garbage, models::model};

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

/// Which of the models is there, whole.
fn seed(handler: &dyn IOHandler) -> u8 {
    let loaded = block_on(handler.load()).unwrap();
    let found = block_on(loaded.weight_data.unwrap().to_bytes()).unwrap();
    let is = |seed| block_on(model(seed, FLOATS).weight_data.unwrap().to_bytes()).unwrap() == found;
    [1, 2].into_iter().find(|seed| is(*seed)).expect("a torn model")
}
