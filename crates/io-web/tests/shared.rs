//! What the browser handlers share, in a real browser.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use futures::future::{Either, select};
use io_core::{Error, ErrorKind};
use io_web::{
    Context, JsError, LockMode, copy_in, copy_out, decode_base64, encode_base64, global,
    integrity_of, kind_of, lock, new_array, sleep, try_lock,
};
use js_sys::{JsString, Uint8Array};
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
fn the_checksum_of_bytes_outside_is_that_of_the_bytes() {
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut due = io_manifest::Checksum::new();
        due.update(&bytes);
        let found = integrity_of(&Uint8Array::from(bytes.as_slice())).unwrap();
        assert_eq!(found, due.integrity(), "{length}");
    }
}

#[wasm_bindgen_test]
fn base64_is_that_of_the_browser() {
    base64_round_trips();
    // Browsers of old have no such functions.
    let remove = "const [to, from] = [Uint8Array.prototype.toBase64, Uint8Array.fromBase64]; \
                  const set = Uint8Array.prototype.setFromBase64; \
                  delete Uint8Array.prototype.toBase64; delete Uint8Array.fromBase64; \
                  delete Uint8Array.prototype.setFromBase64; \
                  globalThis.putBack = () => { \
                    if (to) Uint8Array.prototype.toBase64 = to; \
                    if (from) Uint8Array.fromBase64 = from; \
                    if (set) Uint8Array.prototype.setFromBase64 = set; \
                  };";
    js_sys::Function::new_no_args(remove).call0(&JsValue::NULL).unwrap();
    base64_round_trips();
    js_sys::eval("putBack()").unwrap();
}

fn base64_round_trips() {
    let bytes: Vec<u8> = (0..=255).collect();
    let due = js_sys::eval("btoa(String.fromCharCode(...Array(256).keys()))").unwrap();
    let text = encode_base64(&Uint8Array::from(bytes.as_slice())).unwrap();
    assert_eq!(JsValue::from(&text), due);
    let decoded = |text: &JsString| Uint8Array::new(&decode_base64(text).unwrap()).to_vec();
    assert_eq!(decoded(&text), bytes);
    for text in ["AP8", "AP8=", " A P\n8= ", "AP8=\n", "AP 8"] {
        assert_eq!(decoded(&text.into()), [0, 255], "{text}");
    }
    for (text, due) in [("", vec![]), (" ", vec![]), ("AA==", vec![0]), ("AP8A", vec![0, 255, 0])] {
        assert_eq!(decoded(&text.into()), due, "{text}");
    }
    for text in ["A", "AP8=A", "AP8*", "é", "=", "==", "AP8AA", "AP8A*", "AP8A===="] {
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
