//! What HTTP is tested against: nginx, and Flask and schemathesis from PyPI.

use std::fs;

use anyhow::Result;

use super::{apt, python, stamp};
use crate::workshop::{Workshop, on_path};

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let requirements = ["tests", "http_peers", "requirements.txt"]
        .iter()
        .fold(workshop.root.clone(), |p, n| p.join(n));
    let wanted = fs::read_to_string(&requirements)?;
    stamp::install(&workshop.tools().join("http-peers"), &wanted, |folder| {
        python::environment(folder, &["--no-deps", "--requirement"], &requirements)
    })?;
    if on_path("nginx").is_some() {
        return Ok(());
    }
    apt::install("nginx", &["nginx-light"])
}
