//! `ci`: the whole matrix as CI runs it.
//!
//! Format, lints and documentation are its first cells, so there is nothing to run before it.

use anyhow::Result;

use crate::flags::Selection;
use crate::test;
use crate::workshop::Workshop;

pub(crate) fn run(mut workshop: Workshop) -> Result<bool> {
    workshop.ci = true;
    test::run(&workshop, &Selection::default())
}
