//! The behaviours, wherever they run.

use io_conformance::{Place, unique_name};

fn place() -> Place {
    Place::new(&io_opfs::REGISTRATION, format!("opfs://{}", unique_name()))
}

io_conformance::conformance! { setup: place, ran: 92, skipped: 13 }
