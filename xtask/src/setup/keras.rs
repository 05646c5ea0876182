//! Real Keras 2 and Keras 3 on TensorFlow, and the tools of libhdf5.

use std::fs;

use anyhow::Result;

use super::{apt, python, stamp};
use crate::workshop::{Workshop, on_path};

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
    if on_path("h5dump").is_some() {
        return Ok(());
    }
    apt::install("h5dump", &["hdf5-tools"])
}
