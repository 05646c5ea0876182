//! One object, whatever is in it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelUrl, WeightSource, WeightStream, Weights, WriteMode,
};
use support::{
    bench,
    faulty::{Call, Fault},
};

const MIB: usize = 1 << 20;

fn url(text: &str) -> ModelUrl {
    ModelUrl::parse(text).unwrap()
}

/// In parts of 5 MiB, the least that S3 takes.
fn options() -> HandlerOptions {
    HandlerOptions::new().with_setting("part_bytes", (5 * MIB).to_string())
}

fn bytes(seed: usize, length: usize) -> Bytes {
    let byte = |at| u8::try_from((at * 31 + at / 251 + seed) % 251).unwrap();
    (0..length).map(byte).collect()
}

fn save(place: &ModelUrl, bytes: &Bytes, options: HandlerOptions) -> io_core::Result<()> {
    let models = bench::models(place, &options).unwrap();
    block_on(models.save_file(place, &Weights::from(bytes.clone())))
}

fn open(place: &ModelUrl) -> io_core::Result<Weights> {
    block_on(bench::models(place, &options()).unwrap().open_file(place))
}

#[test]
fn what_is_saved_is_read_whole_and_in_ranges() {
    let place = url("bench://one-object/a b/m%20.h5");
    for length in [0, 1, 5 * MIB, 5 * MIB + 1, 17 * MIB] {
        let saved = bytes(length, length);
        save(&place, &saved, options()).unwrap();
        let found = open(&place).unwrap();
        assert_eq!(found.byte_length(), length as u64);
        assert!(block_on(found.to_bytes()).unwrap() == saved, "{length}");
        if length > 100 {
            let (from, to) = (length - 100, length - 3);
            let part = found.stream_range(from as u64..to as u64);
            let part: Vec<Bytes> = block_on(part.try_collect()).unwrap();
            assert!(part.concat() == saved[from..to]);
        }
    }
    let store = bench::store("one-object");
    assert_eq!((store.keys(), store.open_uploads()), (vec!["a b/m%20.h5".to_owned()], 0));
}

#[test]
fn an_object_that_is_there_stays_where_it_is_not_to_be_replaced() {
    let place = url("bench://one-object-create/m.h5");
    for length in [1, 6 * MIB] {
        let (first, second) = (bytes(1, length), bytes(2, length));
        save(&place, &first, options()).unwrap();
        let create = options().with_write_mode(WriteMode::Create);
        let error = save(&place, &second, create.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        assert!(block_on(open(&place).unwrap().to_bytes()).unwrap() == first);
        let other = url(&format!("bench://one-object-create/other-{length}.h5"));
        save(&other, &second, create).unwrap();
    }
}

#[test]
fn an_object_that_is_replaced_while_it_is_read_is_a_conflict() {
    let place = url("bench://one-object-replaced/m.h5");
    save(&place, &bytes(1, 100), options()).unwrap();
    let found = open(&place).unwrap();
    save(&place, &bytes(2, 100), options()).unwrap();
    let error = block_on(found.to_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

#[test]
fn what_is_not_there_is_not_found_and_a_prefix_is_no_object() {
    let error = open(&url("bench://one-object-none/m.h5")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    for text in ["bench://one-object-none", "bench://one-object-none/", "bench://x/a/"] {
        let error = open(&url(text)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{error}");
    }
}

#[test]
fn a_save_that_fails_leaves_the_old_object_and_nothing_else() {
    let place = url("bench://one-object-failing/m.h5");
    // As long as the new one, so that its length cannot tell them apart.
    let old = bytes(1, 17 * MIB);
    save(&place, &old, options()).unwrap();
    let store = bench::store("one-object-failing");
    let check = |error: Error| {
        assert!(block_on(open(&place).unwrap().to_bytes()).unwrap() == old, "{error}");
        assert_eq!((store.keys().len(), store.open_uploads()), (1, 0), "{error}");
    };
    for call in [Call::Part(0), Call::Part(2), Call::Complete(0)] {
        store.fail(call, Fault::Refused);
        check(save(&place, &bytes(2, 17 * MIB), options()).unwrap_err());
        store.heal();
    }
    // A source that breaks.
    let models = bench::models(&place, &options()).unwrap();
    let broken = Weights::from_source(Broken);
    check(block_on(models.save_file(&place, &broken)).unwrap_err());
    // A save that is dropped after a while.
    let whole = Weights::from(bytes(3, 17 * MIB));
    for polls in 1..20 {
        let mut saving = Box::pin(models.save_file(&place, &whole));
        let done = block_on(async {
            for _ in 0..polls {
                if let std::task::Poll::Ready(done) = futures::poll!(&mut saving) {
                    return Some(done);
                }
            }
            None
        });
        drop(saving);
        if done.is_some() {
            break;
        }
        let is_clean = || store.keys().len() == 1 && store.open_uploads() == 0;
        let begun = std::time::Instant::now();
        while !is_clean() && begun.elapsed().as_secs() < 10 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(is_clean(), "{polls}: {:?}, {} uploads", store.keys(), store.open_uploads());
    }
}

/// Breaks after its first bytes.
#[derive(Debug)]
struct Broken;

impl WeightSource for Broken {
    fn byte_length(&self) -> u64 {
        17 * MIB as u64
    }

    fn stream(&self, _: std::ops::Range<u64>) -> WeightStream {
        let broken = Error::new(ErrorKind::Network, "the source broke");
        stream::iter([Ok(Bytes::from(vec![0; 6 * MIB])), Err(broken)]).boxed()
    }
}
