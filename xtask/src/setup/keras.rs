//! Real Keras 2 and Keras 3 on TensorFlow, and the tools of libhdf5.

use std::{fs, process::Command};

use anyhow::Result;

use super::{apt, python, stamp};
use crate::{
    process,
    workshop::{Workshop, on_path},
};

/// The newest Keras that files are written for.
const NEXT: &str = "keras==3.15.1";

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let requirements = workshop.root.join("tests").join("keras").join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    // Without a cache, since what is downloaded takes most of a gigabyte.
    stamp::install(&workshop.tools().join("keras"), &wanted, |folder| {
        python::environment(
            folder,
            &["--no-cache-dir", "--no-deps", "--requirement"],
            &requirements,
        )
    })?;
    // The newest Keras 3 beside, which needs nothing else.
    stamp::install(&workshop.tools().join("keras-next"), NEXT, |folder| {
        let python = workshop.tools().join("keras").join("bin").join("python");
        process::run(
            Command::new(python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(["--no-cache-dir", "--no-deps", "--target"])
                .arg(folder)
                .arg(NEXT),
        )
    })?;
    if on_path("h5dump").is_some() {
        return Ok(());
    }
    apt::install("h5dump", &["hdf5-tools"])
}
