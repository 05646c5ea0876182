//! `web`: builds the npm package into `dist/npm`.

mod comments;
mod package;
mod serve;
mod size;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::metadata::Metadata;
use crate::process;
use crate::setup::{self, Component, wasm_bindgen};
use crate::workshop::Workshop;

const TARGET: &str = "wasm32-unknown-unknown";

/// One of the builds that the package has, each in a folder of its own.
struct Build {
    /// The folder.
    name: &'static str,
    /// Where its own modules are; of two with one name the later counts.
    modules: &'static [&'static str],
    /// The features of `modelport-js`.
    features: &'static [&'static str],
    /// How large all that a page loads may be, compressed: what was reached and a little more, so
    /// that it gets no worse unseen.
    most_bytes: u64,
}

const BUILDS: &[Build] = &[
    Build { name: "all", modules: &["all"], features: &["default"], most_bytes: 408 << 10 },
    Build {
        name: "localstorage",
        modules: &["localstorage"],
        features: &["localstorage"],
        most_bytes: 232 << 10,
    },
    Build {
        name: "cloud",
        modules: &["all", "cloud"],
        features: &["default", "cloud"],
        most_bytes: 1490 << 10,
    },
    Build {
        name: "convert",
        modules: &["all", "convert"],
        features: &["default", "convert"],
        most_bytes: 1364 << 10,
    },
];

/// Where the package is.
pub(crate) fn folder(workshop: &Workshop) -> PathBuf {
    workshop.root.join("dist").join("npm")
}

pub(crate) fn run(workshop: &Workshop) -> Result<bool> {
    for component in [Component::Wasm32, Component::WasmBindgen] {
        setup::one(workshop, component)?;
    }
    let target = Metadata::read(workshop)?.target_directory;
    // Whoever uses the package sees the old one or the new one.
    let staged = folder(workshop).with_extension("new");
    remove(&staged)?;
    let sources = workshop.root.join("crates").join("modelport-js").join("js");
    package::write(workshop, &sources, &staged)?;
    let mut fits = true;
    for build in BUILDS {
        let place = staged.join(build.name);
        compile(workshop, build)?;
        bind(workshop, &target, &place)?;
        comments::remove(&place)?;
        fits &= size::check(build, &place)?;
    }
    remove(&folder(workshop))?;
    fs::rename(&staged, folder(workshop)).context("cannot move the package into place")?;
    Ok(fits)
}

/// Builds the package and serves the page that uses it.
pub(crate) fn serve(workshop: &Workshop) -> Result<bool> {
    // One that has become too large is said, and works.
    run(workshop)?;
    serve::run(workshop, &folder(workshop))
}

fn compile(workshop: &Workshop, build: &Build) -> Result<()> {
    let features = format!("--features={}", build.features.join(","));
    let target = format!("--target={TARGET}");
    let command = ["build", "--profile=web", "--package=modelport-js"];
    let mut cargo =
        workshop.cargo(&[&command[..], &[&target, "--no-default-features", &features]].concat());
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", without_paths()?);
    process::run(cargo.envs(setup::wasm32::compiler(workshop)?))
}

/// Flags that keep the folders of this machine out of what panics say, and so out of the package.
fn without_paths() -> Result<String> {
    let set = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = set.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.context("cannot tell where Cargo keeps its files")?;
    let entries = fs::read_dir(home.join("registry").join("src"))?;
    let flags: Result<Vec<_>> = entries
        .map(|entry| Ok(format!("--remap-path-prefix={}=", entry?.path().display())))
        .collect();
    Ok(flags?.join(" "))
}

/// Makes the module that JavaScript imports, without the names of Rust functions.
fn bind(workshop: &Workshop, target: &Path, place: &Path) -> Result<()> {
    let compiled = target.join(TARGET).join("web").join("modelport_js.wasm");
    let options = ["--target=web", "--no-typescript", "--out-name=modelport_wasm"];
    let smaller = ["--remove-name-section", "--remove-producers-section"];
    let mut bind = Command::new(wasm_bindgen::program(workshop, "wasm-bindgen"));
    process::run(bind.args(options).args(smaller).arg("--out-dir").arg(place).arg(&compiled))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
