//! `indexeddb://` shows every behaviour in a worker too.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

use io_conformance::{Place, Report, run, unique_name};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn place() -> Place {
    let root = format!("indexeddb://{}", unique_name());
    Place::new(&io_browser_indexeddb::REGISTRATION, root)
}

#[wasm_bindgen_test]
async fn shows_every_behaviour() {
    let report: Report = run(place).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (96, 9), "{report}");
}
