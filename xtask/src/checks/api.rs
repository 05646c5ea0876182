//! Our public interfaces, item by item, as files of `docs/api`: none changes unseen, and what is
//! released is not broken by a version that says it is compatible.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use public_api::Builder;

use super::rustdoc;
use super::surface::SURFACES;
use crate::metadata::Metadata;
use crate::workshop::Workshop;

/// How many lines of a difference are shown.
const SHOWN: usize = 10;

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    let mut wrong = Vec::new();
    for (package, now) in interfaces(workshop, &metadata)? {
        if read(&current(workshop, package))?.as_ref() != Some(&now) {
            wrong.push(format!("that of {package} is not the one in docs/api"));
        }
        let Some(released) = read(&released(workshop, package))? else { continue };
        let (before, items) = released.split_once('\n').context("a release without a version")?;
        let lost = lost(items, &now);
        let version = version(&metadata, package)?;
        if !lost.is_empty() && !may_break(before, version) {
            let some = lost.iter().take(SHOWN).map(|line| format!("\n  {line}"));
            wrong.push(format!(
                "{package} {version} has not all of {before}:{}",
                some.collect::<String>()
            ));
        }
    }
    if !wrong.is_empty() {
        bail!("public interfaces: {}; `cargo xtask api` writes docs/api", wrong.join("; "));
    }
    Ok(())
}

/// Writes what they are now.
pub(crate) fn write(workshop: &Workshop) -> Result<bool> {
    for (package, now) in interfaces(workshop, &Metadata::read(workshop)?)? {
        put(&current(workshop, package), &now)?;
    }
    Ok(true)
}

/// Keeps what they are as what the version of today has, from which the next is looked at.
pub(crate) fn release(workshop: &Workshop) -> Result<bool> {
    check(workshop)?;
    let metadata = Metadata::read(workshop)?;
    for surface in SURFACES {
        let package = surface.package;
        let now = read(&current(workshop, package))?.context("it was there a moment ago")?;
        let text = format!("{}\n{now}", version(&metadata, package)?);
        put(&released(workshop, package), &text)?;
    }
    Ok(true)
}

/// One line per item of each package.
fn interfaces(workshop: &Workshop, metadata: &Metadata) -> Result<Vec<(&'static str, String)>> {
    let folder = rustdoc::write(workshop, metadata)?;
    let items = |package| {
        let api = Builder::from_rustdoc_json(rustdoc::file(&folder, package))
            // They follow from the others.
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .build()
            .with_context(|| format!("cannot make sense of what rustdoc says of {package}"))?;
        let lines = api.items().map(|item| format!("{item}\n"));
        Ok((package, lines.collect()))
    };
    SURFACES.iter().map(|surface| items(surface.package)).collect()
}

fn current(workshop: &Workshop, package: &str) -> PathBuf {
    workshop.root.join("docs").join("api").join(format!("{package}.txt"))
}

/// Its first line is the version.
fn released(workshop: &Workshop, package: &str) -> PathBuf {
    workshop.root.join("docs").join("api").join("released").join(format!("{package}.txt"))
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file without a folder")?)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn version<'a>(metadata: &'a Metadata, package: &str) -> Result<&'a str> {
    let member = metadata.members().find(|member| member.name == package);
    Ok(&member.with_context(|| format!("there is no {package}"))?.version)
}

/// The items that were there before and are not, or not as they were.
fn lost<'a>(before: &'a str, now: &str) -> Vec<&'a str> {
    let now: BTreeSet<_> = now.lines().collect();
    before.lines().filter(|line| !now.contains(line)).collect()
}

/// Whether the first number that is not zero is another: then Cargo takes none for the other.
fn may_break(before: &str, now: &str) -> bool {
    let significant = |version: &str| -> Vec<String> {
        let numbers = version.split(['.', '-', '+']).map(str::to_owned);
        let zeros = version.split('.').take_while(|number| *number == "0").count();
        numbers.take(zeros + 1).collect()
    };
    significant(before) != significant(now)
}

#[cfg(test)]
mod tests {
    use super::{lost, may_break};

    #[test]
    fn what_is_added_breaks_nothing_and_what_is_changed_does() {
        let before = "pub fn a()\npub fn b(u8)\n";
        assert!(lost(before, "pub fn a()\npub fn b(u8)\npub fn c()\n").is_empty());
        assert_eq!(lost(before, "pub fn a()\npub fn b(u16)\n"), ["pub fn b(u8)"]);
    }

    #[test]
    fn versions_are_compatible_as_cargo_has_it() {
        for (before, now, breaking) in [
            ("0.1.0", "0.1.1", false),
            ("0.1.0", "0.2.0", true),
            ("0.0.1", "0.0.2", true),
            ("1.2.0", "1.3.0", false),
            ("1.2.0", "2.0.0", true),
            ("0.9.0", "1.0.0", true),
            ("1.0.0-rc.1", "1.0.0", false),
        ] {
            assert_eq!(may_break(before, now), breaking, "{before} {now}");
        }
    }
}
