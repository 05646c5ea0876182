//! `tidy`: rules of the project that no other tool checks.

mod backends;
mod members;
mod proofs;
mod readme;
mod sources;
mod unused;

use anyhow::{Result, bail};

use crate::metadata::Metadata;
use crate::workshop::Workshop;

pub(crate) fn run(workshop: &Workshop, fix: bool) -> Result<bool> {
    if fix {
        readme::rewrite(workshop)?;
    }
    check(workshop)?;
    println!("tidy");
    Ok(true)
}

/// All rules, so that one run shows everything there is to do.
pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    let mut complaints = sources::check(workshop)?;
    complaints.extend(members::check(workshop, &metadata)?);
    complaints.extend(backends::check(workshop, &metadata));
    complaints.extend(unused::check(&metadata)?);
    let mut code = String::new();
    for folder in ["crates", "tests"] {
        unused::read(&workshop.root.join(folder), &mut code)?;
    }
    complaints.extend(proofs::check(workshop, &code)?);
    if let Err(error) = readme::check(workshop) {
        complaints.push(format!("README.md: {error:#}"));
    }
    for complaint in &complaints {
        eprintln!("tidy: {complaint}");
    }
    match complaints.len() {
        0 => Ok(()),
        1 => bail!("one thing is not tidy"),
        number => bail!("{number} things are not tidy"),
    }
}
