//! `opfs://` shows every behaviour in a page.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

mod suite;
