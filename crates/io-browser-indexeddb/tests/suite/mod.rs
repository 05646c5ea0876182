//! The behaviours in both layouts, wherever they run.

use std::num::NonZeroU64;

use io_conformance::{Place, unique_name};
use io_core::HandlerOptions;

fn place() -> Place {
    let root = format!("indexeddb://{}", unique_name());
    Place::new(&io_browser_indexeddb::REGISTRATION, root).with_settings(&["layout"])
}

/// The other layout, with more pieces than one even for small models.
fn place_of_pieces() -> Place {
    let options = HandlerOptions::new().with_setting("layout", "blobs");
    place().with_options(options.with_shard_bytes(NonZeroU64::new(20_000).unwrap()))
}

mod records {
    io_conformance::conformance! { setup: super::place, ran: 97, skipped: 8 }
}

mod pieces {
    io_conformance::conformance! { setup: super::place_of_pieces, ran: 98, skipped: 7 }
}
