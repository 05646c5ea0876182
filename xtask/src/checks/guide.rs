//! Follows the guide for authors of handlers to the letter: its files, its commands, its order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup::wasm32;
use crate::workshop::Workshop;

const GUIDE: &str = "docs/writing-a-handler.md";

/// The crates that the guide takes from the registry and we from here.
const OURS: [&str; 5] = ["io-core", "io-manifest", "io-conformance", "modelport", "io-fs"];

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let guide = fs::read_to_string(workshop.root.join(GUIDE))?;
    let folder = workshop.root.join("target").join("guide");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut commands = 0;
    for Block { language, text } in blocks(&guide) {
        match language {
            "console" => {
                for line in text.lines() {
                    let command = line.strip_prefix("$ cargo ").context("only Cargo is known")?;
                    process::run(&mut cargo(workshop, &folder, command)?)?;
                    commands += 1;
                }
            }
            "sed" => change(&folder, text)?,
            "toml" => write(&folder, &format!("{text}{}", patch(workshop)))?,
            _ => write(&folder, text)?,
        }
    }
    if commands == 0 {
        bail!("{GUIDE} has no command");
    }
    Ok(())
}

struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

/// The fenced blocks that name a language.
fn blocks(guide: &str) -> impl Iterator<Item = Block<'_>> {
    // Every second piece is inside a fence.
    guide.split("```").skip(1).step_by(2).filter_map(|block| {
        let (language, text) = block.split_once('\n')?;
        (!language.is_empty()).then_some(Block { language, text })
    })
}

/// The path that the first line of a block names.
fn path(folder: &Path, text: &str) -> Result<PathBuf> {
    let first = text.lines().next().unwrap_or_default();
    let name = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "));
    Ok(folder.join(name.with_context(|| format!("`{first}` names no file"))?))
}

fn write(folder: &Path, text: &str) -> Result<()> {
    let path = path(folder, text)?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text).map_err(Into::into)
}

/// Does what lines like `s/old/new/` say. Each has to find its place.
fn change(folder: &Path, text: &str) -> Result<()> {
    let path = path(folder, text)?;
    let mut file = fs::read_to_string(&path)?;
    for line in text.lines().skip(1) {
        let inner = line.strip_prefix("s/").and_then(|rest| rest.strip_suffix('/'));
        let (old, new) = inner.and_then(|inner| inner.split_once('/')).context(line.to_owned())?;
        if !file.contains(old) {
            bail!("{GUIDE}: `{old}` is not in {}", path.display());
        }
        file = file.replace(old, new);
    }
    fs::write(path, file).map_err(Into::into)
}

/// What makes the guide's crate use this checkout.
fn patch(workshop: &Workshop) -> String {
    let line = |name: &&str| {
        let path = workshop.root.join("crates").join(name);
        format!("{name} = {{ path = {path:?} }}\n")
    };
    format!("\n[workspace]\n\n[patch.crates-io]\n{}", OURS.iter().map(line).collect::<String>())
}

fn cargo(workshop: &Workshop, folder: &Path, command: &str) -> Result<Command> {
    let arguments: Vec<_> = command.split(' ').collect();
    // Its lock file is its own, and is not there before the first command.
    let mut cargo = workshop.unlocked_cargo(&arguments);
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", workshop.root.join("target"));
    if command.contains("wasm32") {
        cargo.envs(wasm32::compiler(workshop)?);
    }
    Ok(cargo)
}
