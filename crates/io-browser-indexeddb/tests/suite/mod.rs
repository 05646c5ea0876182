//! The behaviours in both layouts, wherever they run.

use std::num::NonZeroU64;

use io_conformance::{Place, unique_name};
use io_core::HandlerOptions;

fn place() -> Place {
    let root = format!("indexeddb://{}", unique_name());
    // The other layout, with more pieces than one even for small models.
    let pieces = HandlerOptions::new()
        .with_setting("layout", "blobs")
        .with_shard_bytes(NonZeroU64::new(20_000).unwrap());
    Place::new(&io_browser_indexeddb::REGISTRATION, root)
        .with_settings(&["layout"])
        .with_option_set("layout=blobs", pieces)
}

// 97 and 8 of records, 98 and 7 of pieces.
io_conformance::conformance! { setup: place, ran: 195, skipped: 15 }
