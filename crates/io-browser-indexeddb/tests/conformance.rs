//! `indexeddb://` shows every behaviour, in a real browser.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use std::num::NonZeroU64;

use io_conformance::{Place, Report, run, unique_name};
use io_core::HandlerOptions;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn place() -> Place {
    let root = format!("indexeddb://{}", unique_name());
    Place::new(&io_browser_indexeddb::REGISTRATION, root).with_settings(&["layout"])
}

/// The other layout, with more pieces than one even for small models.
fn place_of_pieces() -> Place {
    let options = HandlerOptions::new().with_setting("layout", "blobs");
    place().with_options(options.with_shard_bytes(NonZeroU64::new(20_000).unwrap()))
}

#[wasm_bindgen_test]
async fn shows_every_behaviour() {
    let report: Report = run(place).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (97, 8), "{report}");
}

#[wasm_bindgen_test]
async fn shows_every_behaviour_with_weights_in_pieces() {
    let report: Report = run(place_of_pieces).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (98, 7), "{report}");
}
