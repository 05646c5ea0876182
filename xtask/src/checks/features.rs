//! Builds the facade with none, each and all of its features, natively and for browsers.

use std::process::Command;

use anyhow::{Context, Result};

use crate::metadata::Metadata;
use crate::process;
use crate::setup::wasm32;
use crate::workshop::Workshop;

const FACADE: &str = "modelport";

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    each(workshop, |arguments| workshop.cargo(arguments))
}

/// The same for browsers, where every feature compiles, though some bring nothing there.
pub(crate) fn check_wasm32(workshop: &Workshop) -> Result<()> {
    let compiler = wasm32::compiler(workshop)?;
    each(workshop, |arguments| {
        let target = ["--target=wasm32-unknown-unknown"];
        let mut command = workshop.cargo(&[arguments, &target].concat());
        command.envs(compiler.iter().map(|(name, value)| (name, value)));
        command
    })
}

fn each(workshop: &Workshop, cargo: impl Fn(&[&str]) -> Command) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    let facade = metadata.members().find(|package| package.name == FACADE);
    let facade = facade.context("the workspace has no facade")?;

    let check = ["check", "--package", FACADE];
    let none = ["--no-default-features"];
    process::run(&mut cargo(&[&check[..], &none].concat()))?;
    // The default is a choice among the others.
    for feature in facade.features.iter().filter(|feature| *feature != "default") {
        let one = ["--no-default-features", "--features", feature];
        process::run(&mut cargo(&[&check[..], &one].concat()))
            .with_context(|| format!("{FACADE} with the feature {feature} alone"))?;
    }
    process::run(&mut cargo(&[&check[..], &["--all-features"]].concat()))
}
