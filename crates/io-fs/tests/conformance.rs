//! `file://` shows every behaviour.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::num::NonZeroU64;

use io_conformance::Place;
use io_core::HandlerOptions;

fn place() -> Place {
    let root = tempfile::tempdir().unwrap();
    let options = HandlerOptions::new;
    Place::new(&io_fs::REGISTRATION, format!("file://{}", root.path().display()))
        .with_option_set("read=mmap", options().with_setting("read", "mmap"))
        .with_option_set("fsync=false", options().with_setting("fsync", "false"))
        .with_option_set("symlinks=deny", options().with_setting("symlinks", "deny"))
        .with_option_set("verify=false", options().with_verify(false))
        .with_option_set(
            "shards, read=mmap",
            options()
                .with_shard_bytes(NonZeroU64::new(20_000).unwrap())
                .with_setting("read", "mmap"),
        )
        .with_settings(&["fsync", "read", "symlinks", "weights"])
        .keeping(root)
}

io_conformance::conformance! {
    setup: place,
    // 98 and 7 for each of the six option sets.
    ran: 588,
    skipped: 42,
}
