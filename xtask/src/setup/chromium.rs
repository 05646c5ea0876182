//! Chromium, and the driver by which tests steer it.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::apt;
use crate::workshop::on_path;

/// Where the driver is, once it is set up.
pub(crate) fn driver() -> Result<PathBuf> {
    on_path("chromedriver").context("chromedriver is not on the path")
}

pub(crate) fn set_up() -> Result<()> {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    if driver().is_ok() && browsers.iter().any(|browser| on_path(browser).is_some()) {
        return Ok(());
    }
    apt::install("Chromium with its driver", &["chromium", "chromium-driver"])
}
