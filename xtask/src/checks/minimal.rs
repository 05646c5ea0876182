//! Builds with the oldest dependencies that our manifests allow.
//!
//! Whoever depends on us may have any versions that these lines allow, not only those of
//! `Cargo.lock`. Only direct dependencies are taken at their oldest: what others ask for too little
//! is not ours to mend.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::Result;

use crate::metadata::Metadata;
use crate::process;
use crate::setup::wasm32;
use crate::workshop::Workshop;

/// What a workspace is made of, but for its lock file.
const PARTS: [&str; 5] = ["Cargo.toml", "README.md", "crates", "tests", "xtask"];

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    // A second workspace of the same files, whose lock file is its own.
    let folder = metadata.target_directory.join("minimal");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for part in PARTS {
        symlink(workshop.root.join(part), folder.join(part))?;
    }
    let mut lock = workshop.unlocked_cargo(&["generate-lockfile", "-Zdirect-minimal-versions"]);
    // The stable Cargo can do it, but wants to be told that nobody promises that it always will.
    process::run(lock.current_dir(&folder).env("RUSTC_BOOTSTRAP", "1"))?;

    let published = metadata.members().filter(|member| member.published);
    let packages: Vec<_> = published.map(|member| format!("--package={}", member.name)).collect();
    let mut check = vec!["check", "--locked", "--all-features"];
    check.extend(packages.iter().map(String::as_str));
    let run = |arguments: &[&str], environment: Vec<(String, String)>| {
        let mut command = workshop.unlocked_cargo(arguments);
        command.current_dir(&folder).envs(environment);
        process::run(command.env("CARGO_TARGET_DIR", &metadata.target_directory))
    };
    run(&check, Vec::new())?;
    let facade = ["check", "--locked", "--all-features", "--package=modelport"];
    let browser = [&facade[..], &["--target=wasm32-unknown-unknown"]].concat();
    run(&browser, wasm32::compiler(workshop)?)
}
