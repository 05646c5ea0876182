//! `ci`: the whole matrix as CI runs it.
//!
//! Format, lints and documentation are its first cells, so there is nothing to run before it.

use std::process::Command;

use anyhow::Result;

use crate::flags::Selection;
use crate::workshop::Workshop;
use crate::{process, test};

pub(crate) fn run(mut workshop: Workshop) -> Result<bool> {
    workshop.ci = true;
    // A full disk looks like anything but a full disk: servers wait for room, browsers lose Blobs.
    process::run(Command::new("df").args(["-h", "."]))?;
    test::run(&workshop, &Selection::default())
}
