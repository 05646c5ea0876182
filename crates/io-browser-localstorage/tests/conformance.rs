//! `localstorage://` shows every behaviour, in a real browser.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "these are tests")]

use io_conformance::{Place, Report, run, unique_name};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn place() -> Place {
    let root = format!("localstorage://{}", unique_name());
    Place::new(&io_browser_localstorage::REGISTRATION, root)
}

/// Weights of 4.4 and of 8 MB, which no browser stores here: they are refused as they must be.
const TOO_LARGE: [&str; 2] = ["S10", "F6"];

#[wasm_bindgen_test]
async fn shows_every_behaviour() {
    let report: Report = run(place).await;
    assert_eq!((report.ran.len(), report.skipped.len()), (96, 9), "{report}");
    let failed: Vec<_> = report.failed.iter().map(|failure| failure.behaviour.id).collect();
    assert_eq!(failed, TOO_LARGE, "{report}");
    for failure in &report.failed {
        assert!(failure.seen.contains("QuotaExceeded { needed: Some("), "{failure}");
    }
}
