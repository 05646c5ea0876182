//! Copies and moves between places that fail, lie, or cannot do what is needed.

// `async_trait` of another target; the code that is tested is the same.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod faulty;

use std::sync::{Arc, Mutex};

use faulty::{exists, put, registry, url};
use futures::executor::block_on;
use modelport::{
    Error, ErrorKind, HandlerOptions, ModelArtifacts, ProgressCallback, Result, SaveResult,
    TransferOptions, WriteMode, transfer,
};

fn copy(from: &str, to: &str, options: &TransferOptions) -> Result<SaveResult> {
    block_on(transfer::copy_model(&registry(), &url(from), &url(to), options))
}

fn shift(from: &str, to: &str, options: &TransferOptions) -> Result<SaveResult> {
    block_on(transfer::move_model(&registry(), &url(from), &url(to), options))
}

fn load(at: &str) -> ModelArtifacts {
    let handler = registry().handler(&url(at), &HandlerOptions::new()).unwrap();
    block_on(handler.load()).unwrap()
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn trap_7_move_never_loses() {
    for (scheme, kind, text) in [
        ("broken", ErrorKind::Network, "the line went dead"),
        ("stalled", ErrorKind::QuotaExceeded { needed: None, available: None }, "full"),
        ("liar", ErrorKind::Corrupt, "weights are not those of the source"),
        ("short", ErrorKind::Corrupt, "bytes of weights, not"),
        ("dropper", ErrorKind::Corrupt, "a key of its own is not that of the source"),
        ("forgetful", ErrorKind::NotFound, "no model of this name"),
        ("write-only", ErrorKind::Unsupported, "cannot load models"),
        ("read-only", ErrorKind::Unsupported, "cannot save models"),
        ("nowhere", ErrorKind::UnknownScheme, "no handler for `nowhere://`"),
    ] {
        let from = format!("memory://trap7/{scheme}");
        let model = put(&from);
        let to = format!("{scheme}://trap7-{scheme}/to");
        let error = shift(&from, &to, &TransferOptions::new()).unwrap_err();
        assert_eq!(error.kind(), kind, "{scheme}: {error:?}");
        assert!(chain(&error).contains(text), "{scheme}: {}", chain(&error));
        assert!(error.hint().unwrap().contains("the source is untouched"), "{scheme}");
        let kept = load(&from);
        assert_eq!(format!("{kept:?}"), format!("{model:?}"), "{scheme}");
    }
}

#[test]
fn a_move_checks_the_source_before_it_writes() {
    put("memory://keeps/a");
    for from in ["no-store://keeps/a", "no-remove://keeps/a"] {
        let error = shift(from, "memory://keeps/b", &TransferOptions::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(chain(&error).contains("cannot remove models"), "{error}");
        assert!(!exists("memory://keeps/b"));
    }
    assert!(exists("memory://keeps/a"));
}

#[test]
fn a_source_that_cannot_be_removed_leaves_two_models_and_says_where() {
    put("memory://stuck/a");
    let error = shift("stuck://stuck/a", "memory://stuck/b", &TransferOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(chain(&error).contains("the model is now at memory://stuck/b"), "{}", chain(&error));
    assert!(exists("memory://stuck/a") && exists("memory://stuck/b"));
}

#[test]
fn a_source_that_changes_meanwhile_is_kept() {
    put("memory://busy/a");
    let error = shift("changing://busy/a", "memory://busy/b", &TransferOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert!(exists("memory://busy/a"));
}

#[test]
fn another_name_of_the_source_is_no_destination() {
    put("memory://alias/a");
    // `alias://` and `alias2://` are one place, which does not know that they are.
    let error = shift("alias://alias/a", "alias2://alias/a", &TransferOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert!(exists("memory://alias/a"));
}

#[test]
fn a_move_between_places_takes_everything_along() {
    let model = put("memory://across/a");
    let saved = shift("memory://across/a", "plain://across/b", &TransferOptions::new()).unwrap();
    assert_eq!(saved.model_artifacts_info.weight_data_bytes, model.weight_data_bytes());
    assert!(!exists("memory://across/a"));
    let moved = load("plain://across/b");
    assert_eq!(moved.extra, model.extra);
    assert_eq!(moved.weight_specs, model.weight_specs);
    assert_eq!(block_on(moved.weight_data.unwrap().to_bytes()).unwrap(), "abcdefgh");
}

#[test]
fn inside_one_store_a_move_is_a_rename() {
    put("memory://inside/a");
    shift("memory://inside/a", "memory://inside/b", &TransferOptions::new()).unwrap();
    assert!(!exists("memory://inside/a") && exists("memory://inside/b"));
}

#[test]
fn source_and_destination_must_differ() {
    put("memory://same/a");
    for to in ["memory://same/a", "memory://same/a/", "MEMORY://same/a/model.json"] {
        for act in [copy, shift] {
            let error = act("memory://same/a", to, &TransferOptions::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().ends_with("source and destination are the same"), "{error}");
        }
    }
    assert!(exists("memory://same/a"));
}

#[test]
fn create_refuses_to_replace_inside_a_store_too() {
    let (first, second) = ("memory://create/a", "memory://create/b");
    put(first);
    put(second);
    let create = HandlerOptions::new().with_write_mode(WriteMode::Create);
    let options = TransferOptions::new().with_destination(create);
    for act in [copy, shift] {
        let error = act(first, second, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(exists(first));
    }
}

#[test]
fn a_copy_that_the_store_cannot_do_goes_through() {
    put("memory://through/a");
    // This store claims `copy` and then does not do it.
    copy("half://through/a", "half://through/b", &TransferOptions::new()).unwrap();
    assert!(exists("memory://through/a") && exists("memory://through/b"));
}

#[test]
fn progress_is_told_once_rises_and_ends_at_the_total() {
    put("memory://progress/a");
    for (to, act) in [
        ("memory://progress/b", copy as fn(&str, &str, &_) -> _),
        ("plain://progress/c", copy),
        ("plain://progress/d", shift),
    ] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let callback = ProgressCallback::new(move |progress| tell.lock().unwrap().push(progress));
        let mut options = TransferOptions::new().with_progress(callback.clone());
        // Not told of: there is one count.
        options.source.progress = Some(callback);
        act("memory://progress/a", to, &options).unwrap();
        let told = told.lock().unwrap();
        assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
        assert!(told.iter().all(|progress| progress.total == 8), "{told:?}");
        assert_eq!(told.iter().filter(|progress| progress.done == 8).count(), 1, "{told:?}");
    }
}
