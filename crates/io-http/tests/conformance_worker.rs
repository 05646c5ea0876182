//! `http://` shows every behaviour in a worker, beside a server that keeps what is uploaded.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

#[path = "browser/mod.rs"]
mod browser;

use io_conformance::run;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn shows_every_behaviour() {
    let report = run(browser::place).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (68, 37), "{report}");
}
