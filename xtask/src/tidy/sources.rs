//! Rules for every text file: size, first line, blanks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workshop::{Workshop, shown};

/// Lines of code in one file. A reader's patience, not a limit of the language.
const MANY: usize = 400;
const TOO_MANY: usize = 700;

/// Folders that hold no text of ours. Fixtures are as other programs wrote them.
const NOT_OURS: [&str; 6] = ["target", "dist", "node_modules", "fixtures", "corpus", ".git"];
const TEXT: [&str; 10] = ["rs", "toml", "md", "js", "mjs", "ts", "py", "sh", "yml", "html"];

pub(crate) fn check(workshop: &Workshop) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&workshop.root, &mut files)?;
    files.sort();

    let mut complaints = Vec::new();
    for file in files {
        let name = shown(&workshop.root, &file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        if file.extension().is_some_and(|extension| extension == "rs") {
            complaints.extend(rust(&name, &text));
        }
        complaints.extend(blanks(&name, &text));
    }
    complaints.extend(forgotten_tests(workshop)?);
    Ok(complaints)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() && !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            collect(&path, files)?;
        } else if kind.is_file() {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension.is_some_and(|extension| TEXT.contains(&extension)) {
                files.push(path);
            }
        }
    }
    Ok(())
}

fn rust(name: &str, text: &str) -> Option<String> {
    if !text.starts_with("//! ") {
        return Some(format!("{name}: the first line does not say what this is (`//! ...`)"));
    }
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines = text.lines().filter(code).count();
    if lines > TOO_MANY {
        return Some(format!("{name}: {lines} lines of code, more than {TOO_MANY}"));
    }
    if lines > MANY {
        eprintln!("warning: {name}: {lines} lines of code; think about splitting it");
    }
    None
}

fn blanks(name: &str, text: &str) -> Vec<String> {
    let mut complaints: Vec<_> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.ends_with([' ', '\t']))
        .map(|(number, _)| format!("{name}:{number}: blanks at the end of the line"))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        complaints.push(format!("{name}: no newline at the end"));
    }
    complaints
}

/// Test files that are no module of anything are never compiled, and nobody would notice.
fn forgotten_tests(workshop: &Workshop) -> Result<Vec<String>> {
    let folder = workshop.root.join("tests");
    let mut roots = String::new();
    for root in ["runner.rs", "lib.rs", "Cargo.toml"] {
        roots.push_str(&fs::read_to_string(folder.join(root))?);
    }
    let mut complaints = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        // A module of the runner or the library, or a program of its own in the manifest.
        let known =
            roots.contains(&format!("mod {stem};")) || roots.contains(&format!("\"{stem}.rs\""));
        if is_rust && !known {
            complaints.push(format!("tests/{stem}.rs: no module of the runner"));
        }
    }
    Ok(complaints)
}
