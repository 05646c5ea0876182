//! Builds the facade with none, each and all of its features.

use anyhow::{Context, Result};

use crate::metadata::Metadata;
use crate::process;
use crate::workshop::Workshop;

const FACADE: &str = "modelport";

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    let facade = metadata.members().find(|package| package.name == FACADE);
    let facade = facade.context("the workspace has no facade")?;

    let check = ["check", "--package", FACADE];
    let none = ["--no-default-features"];
    process::run(&mut workshop.cargo(&[&check[..], &none].concat()))?;
    // The default is a choice among the others.
    for feature in facade.features.iter().filter(|feature| *feature != "default") {
        let one = ["--no-default-features", "--features", feature];
        process::run(&mut workshop.cargo(&[&check[..], &one].concat()))
            .with_context(|| format!("{FACADE} with the feature {feature} alone"))?;
    }
    process::run(&mut workshop.cargo(&[&check[..], &["--all-features"]].concat()))
}
