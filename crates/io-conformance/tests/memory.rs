//! `memory://` shows every behaviour.

use futures::executor::block_on;
use io_conformance::{Place, check, places, plan, run, unique_name};
use io_core::HandlerOptions;

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

#[test]
fn behaviors_are_tried_with_every_option_set() {
    let with_sets = || {
        let options = HandlerOptions::new;
        place()
            .with_option_set("verify=false", options().with_verify(false))
            .with_option_set("no such setting", options().with_setting("no-such-setting", "1"))
    };
    // Where nothing can be opened, nothing is skipped.
    plan(&with_sets()).expect(2 * 96 + 105, 2 * 9).unwrap();
    let label = "s1_save_then_load_gives_back_every_field";
    let broken = block_on(check(label, places(with_sets))).unwrap_err();
    assert!(broken.starts_with("S1 save_then_load_gives_back_every_field with no such setting\n"));
    block_on(check(label, places(place))).unwrap();
}
