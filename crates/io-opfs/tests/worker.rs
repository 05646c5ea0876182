//! `opfs://` shows every behaviour in a worker too.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

mod suite;
