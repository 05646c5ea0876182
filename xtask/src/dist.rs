//! `dist`: what a release is made of, in `dist`: crates, the npm package, the program.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::metadata::Metadata;
use crate::process;
use crate::web;
use crate::workshop::Workshop;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

pub(crate) fn run(workshop: &Workshop) -> Result<bool> {
    let dist = workshop.root.join("dist");
    crates(workshop, &dist.join("crates"))?;
    if !web::run(workshop)? {
        bail!("the npm package is larger than it may be");
    }
    process::run(npm(workshop).args(["--pack-destination".as_ref(), dist.as_os_str()]))?;
    program(workshop, &dist.join("program"))?;
    println!("everything is in {}", dist.display());
    Ok(true)
}

/// Each is built from what would be published, after those that it depends on.
fn crates(workshop: &Workshop, folder: &Path) -> Result<()> {
    // At a path that never was: Cargo keeps what it unpacked from there, and takes a crate of the same
    // version for the same crate.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let target = workshop.root.join("target").join(format!("crates-{seconds}"));
    let mut command = workshop.cargo(&package(workshop)?);
    process::run(command.arg("--target-dir").arg(&target))?;
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(target.join("package"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "crate") {
            fs::copy(&path, folder.join(path.file_name().context("a crate without a name")?))?;
        }
    }
    fs::remove_dir_all(&target)?;
    Ok(())
}

/// Each crate as it would be published, not built again: the workspace's own build is another cell.
pub(crate) fn check_crates(workshop: &Workshop) -> Result<()> {
    let package = package(workshop)?;
    let arguments: Vec<_> = package.iter().map(String::as_str).chain(["--no-verify"]).collect();
    process::run(&mut workshop.cargo(&arguments))
}

/// The npm package that was built can be packed, and has what its own description names.
pub(crate) fn check_npm(workshop: &Workshop) -> Result<()> {
    let listed = process::read(npm(workshop).args(["--dry-run", "--json"]))?;
    let names = [
        "package.json",
        "README.md",
        "index.d.ts",
        "LICENSE-MIT",
        "all/index.js",
        "convert.d.ts",
        "convert/convert.js",
    ];
    for name in names {
        if !listed.contains(&format!("\"{name}\"")) {
            bail!("the packed npm package has no {name}");
        }
    }
    Ok(())
}

/// Cargo does it in the order of the dependencies, with those that are not published yet.
fn package(workshop: &Workshop) -> Result<Vec<String>> {
    let mut arguments: Vec<String> =
        ["package", "--workspace", "--allow-dirty"].map(String::from).into();
    for member in Metadata::read(workshop)?.members().filter(|member| !member.published) {
        arguments.push(format!("--exclude={}", member.name));
    }
    Ok(arguments)
}

fn npm(workshop: &Workshop) -> Command {
    let mut command = Command::new("npm");
    command.arg("pack").current_dir(web::folder(workshop));
    command
}

/// The program with its manual pages and completions.
fn program(workshop: &Workshop, folder: &Path) -> Result<()> {
    process::run(&mut workshop.cargo(&["build", "--release", "--package=modelport-cli"]))?;
    for name in ["completions", "man"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let name = format!("modelport{}", std::env::consts::EXE_SUFFIX);
    let built = Metadata::read(workshop)?.target_directory.join("release").join(&name);
    let program = folder.join(name);
    fs::copy(built, &program)?;
    let say = |words: &[&str]| process::read(Command::new(&program).args(words));
    for shell in SHELLS {
        fs::write(folder.join("completions").join(shell), say(&["completions", shell])?)?;
    }
    let man = folder.join("man");
    fs::write(man.join("modelport.1"), say(&["man"])?)?;
    for command in commands(&say(&["--help"])?) {
        fs::write(man.join(format!("modelport-{command}.1")), say(&["man", command])?)?;
    }
    Ok(())
}

/// The commands that the program's help lists.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_read_from_the_help() {
        let help = "About\n\nCommands:\n  cp    Copy\n  help  Print\n\nOptions:\n  -q  Quiet\n";
        assert_eq!(commands(help).collect::<Vec<_>>(), ["cp"]);
    }
}
