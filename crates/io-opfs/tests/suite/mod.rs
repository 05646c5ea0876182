//! The behaviours, wherever they run.

use io_conformance::{Place, Report, run, unique_name};
use wasm_bindgen_test::wasm_bindgen_test;

fn place() -> Place {
    Place::new(&io_opfs::REGISTRATION, format!("opfs://{}", unique_name()))
}

#[wasm_bindgen_test]
async fn shows_every_behaviour() {
    let report: Report = run(place).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (92, 13), "{report}");
}
