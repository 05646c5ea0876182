//! `memory://` shows every behaviour but those named here.

mod wrapped;

use futures::executor::block_on;
use io_conformance::{Place, run, unique_name};
use io_core::{Registration, memory};

use wrapped::Bug;

fn place_of(registration: &'static Registration) -> Place {
    Place::new(registration, format!("memory://{}", unique_name()))
}

/// With what `memory://` does not see to itself.
fn place() -> Place {
    place_of(Bug::None.registration())
}

io_conformance::conformance! {
    setup: place,
    ran: 96,
    skipped: 9,
}

/// When this fails because nothing is broken any more, `place` shall be that of `memory://` itself.
#[test]
fn memory_alone_breaks_three_promises() {
    let report = block_on(run(|| place_of(&memory::REGISTRATION)));
    let broken: Vec<_> = report.failed.iter().map(|failure| failure.behaviour.id).collect();
    assert_eq!(broken, ["O8", "O9", "E3"], "{report}");
    assert_eq!((report.ran.len(), report.skipped.len()), (96, 9), "{report}");
}
