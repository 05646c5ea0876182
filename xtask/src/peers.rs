//! `peers`: TensorFlow.js's own io tests against the npm package, and both in one page.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::{self, Component, npm};
use crate::web;
use crate::workshop::{Workshop, on_path};
use crate::{limit, process};

/// The page that lists the tests which do not pass, and why.
const EXPECTED: &str = "docs/compatibility.md";

/// Each suite, and the page of what is expected of it.
const SUITES: [(&str, Option<&str>); 2] = [("upstream", Some(EXPECTED)), ("beside", None)];

/// Builds the package unless `built` says that it is, and runs the suites against it.
pub(crate) fn run(workshop: &Workshop, built: bool) -> Result<bool> {
    if !built && !web::run(workshop)? {
        return Ok(false);
    }
    setup::one(workshop, Component::Chromium)?;
    let sources = workshop.root.join("tests").join("peers");
    npm::install(workshop, "peers", &sources)?;
    let mut all = true;
    for (suite, expected) in SUITES {
        let mut node = Command::new("node");
        node.arg(sources.join("run.mjs")).arg(suite);
        node.arg("--tools").arg(workshop.tools().join("peers"));
        node.arg("--package").arg(web::folder(workshop));
        node.arg("--chromium").arg(chromium()?);
        if let Some(page) = expected {
            node.arg("--expected").arg(workshop.root.join(page));
        }
        all &= process::watch(&mut limit::in_time(workshop, node))?.success;
    }
    Ok(all)
}

fn chromium() -> Result<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find_map(on_path).context("Chromium is not on the path")
}
