//! `memory://` shows every behaviour.

use futures::executor::block_on;
use io_conformance::{Place, run, unique_name};

fn place() -> Place {
    Place::new(&io_core::memory::REGISTRATION, format!("memory://{}", unique_name()))
}

io_conformance::conformance! {
    setup: place,
    ran: 96,
    skipped: 9,
}

#[test]
fn a_run_of_all_tells_the_same() {
    let report = block_on(run(place));
    assert!(report.passed(), "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (96, 9), "{report}");
}
