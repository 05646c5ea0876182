//! Firefox, and the driver by which tests steer it, which Debian does not have.

use std::path::PathBuf;

use anyhow::Result;

use super::program::{self, Program};
use super::{apt, stamp};
use crate::workshop::{Workshop, on_path};

const DRIVER_VERSION: &str = "0.37.1";

/// Where the driver is, once it is set up.
pub(crate) fn driver(workshop: &Workshop) -> PathBuf {
    let name = format!("geckodriver{}", std::env::consts::EXE_SUFFIX);
    workshop.tools().join("geckodriver").join("bin").join(name)
}

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    if !["firefox", "firefox-esr"].iter().any(|browser| on_path(browser).is_some()) {
        apt::install("Firefox", &["firefox-esr"])?;
    }
    stamp::install(&workshop.tools().join("geckodriver"), DRIVER_VERSION, |folder| {
        let program =
            Program { name: "geckodriver", version: DRIVER_VERSION, locked: true, hot: &[] };
        program::install(folder, &program)
    })
}
