//! strace, by which the tests see in which order a save reaches the disk.

use anyhow::Result;

use super::apt;
use crate::workshop::on_path;

pub(crate) fn set_up() -> Result<()> {
    if on_path("strace").is_some() {
        return Ok(());
    }
    apt::install("strace", &["strace"])
}
