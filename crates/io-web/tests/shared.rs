//! What the browser handlers share, in a real browser.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use futures::future::{Either, select};
use io_core::{Error, ErrorKind};
use io_web::{
    Base64Encoder, Context, JsError, LockMode, copy_in, copy_out, decode_base64, global, kind_of,
    lock, new_array, sleep, try_lock,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn exceptions_become_errors_by_their_names() {
    let quota = ErrorKind::QuotaExceeded { needed: None, available: None };
    for (name, kind) in [
        ("QuotaExceededError", quota),
        ("NotFoundError", ErrorKind::NotFound),
        ("ConstraintError", ErrorKind::AlreadyExists),
        ("AbortError", ErrorKind::Cancelled),
        ("SecurityError", ErrorKind::PermissionDenied),
        ("NotAllowedError", ErrorKind::PermissionDenied),
        ("TimeoutError", ErrorKind::Timeout),
        ("NetworkError", ErrorKind::Network),
        ("RangeError", ErrorKind::OutOfMemory),
        ("WhateverError", ErrorKind::Unexpected),
    ] {
        assert_eq!(kind_of(name), kind);
    }
    let thrown = js_sys::eval("throw new DOMException('no', 'SecurityError')").unwrap_err();
    let error = io_web::error("the door is shut", &thrown);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.to_string(), "the door is shut");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "SecurityError: no");
    assert_eq!(JsError::new(&JsValue::from("text")).to_string(), "text");
    fn crosses_threads<T: Send + Sync>(_: &T) {}
    crosses_threads::<Error>(&error);
}

#[wasm_bindgen_test]
fn base64_in_pieces_is_that_of_the_whole() {
    base64_round_trips();
    // Browsers of old have no such functions.
    let remove = "const [to, from] = [Uint8Array.prototype.toBase64, Uint8Array.fromBase64]; \
                  delete Uint8Array.prototype.toBase64; delete Uint8Array.fromBase64; \
                  globalThis.putBack = () => { \
                    if (to) Uint8Array.prototype.toBase64 = to; \
                    if (from) Uint8Array.fromBase64 = from; \
                  };";
    js_sys::Function::new_no_args(remove).call0(&JsValue::NULL).unwrap();
    base64_round_trips();
    js_sys::eval("putBack()").unwrap();
}

fn base64_round_trips() {
    let bytes: Vec<u8> = (0..=255).collect();
    let due = js_sys::eval("btoa(String.fromCharCode(...Array(256).keys()))").unwrap();
    for cut in [1, 2, 3, 4, 7, 255, 256] {
        let mut encoder = Base64Encoder::with_capacity(256).unwrap();
        bytes.chunks(cut).for_each(|piece| encoder.push(piece).unwrap());
        assert_eq!(encoder.push(b"x").unwrap_err().kind(), ErrorKind::Corrupt);
        let text = encoder.finish().unwrap();
        assert_eq!(JsValue::from(&text), due);
        assert_eq!(decode_base64(&text).unwrap().as_ref(), bytes);
    }
    for text in ["AP8", "AP8=", " A P\n8= "] {
        assert_eq!(decode_base64(&text.into()).unwrap().as_ref(), [0, 255], "{text}");
    }
    for text in ["A", "AP8=A", "AP8*", "é"] {
        let error = decode_base64(&text.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{text}");
    }
}

#[wasm_bindgen_test]
fn bytes_cross_the_boundary_and_too_many_are_refused() {
    let array = new_array(5).unwrap();
    copy_in(&array, 1, b"abc").unwrap();
    assert_eq!(copy_out(&array, 0..5).unwrap().as_ref(), b"\0abc\0");
    assert_eq!(copy_in(&array, 3, b"abc").unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(copy_out(&array, 3..6).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(new_array(1 << 40).unwrap_err().kind(), ErrorKind::OutOfMemory);
}

#[wasm_bindgen_test]
async fn a_lock_is_held_until_it_is_dropped() {
    assert_eq!(global().context(), Context::Page);
    let first = lock("test", LockMode::Exclusive).await.unwrap();
    let second = Box::pin(lock("test", LockMode::Exclusive));
    let second = match select(second, Box::pin(sleep(Duration::from_millis(50)))).await {
        Either::Left(_) => panic!("two hold the lock"),
        Either::Right((_, second)) => second,
    };
    // Somebody who gave up waiting holds nobody up.
    drop(Box::pin(lock("test", LockMode::Exclusive)));
    assert!(try_lock("test").await.unwrap().is_none());
    drop(first);
    let second = second.await.unwrap();
    drop(second);
    // The browser may take a moment to give it to others.
    sleep(Duration::from_millis(50)).await.unwrap();
    let third = try_lock("test").await.unwrap();
    assert!(third.is_some() && try_lock("test").await.unwrap().is_none());
    drop(third);
    let readers = [lock("test", LockMode::Shared).await, lock("test", LockMode::Shared).await];
    assert!(readers.iter().all(Result::is_ok));
}
