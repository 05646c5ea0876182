//! wasm-bindgen's programs, in the version of the library that is locked: they fit no other.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::program::{self, Program};
use super::stamp;
use crate::workshop::Workshop;

/// Where one of the programs is, once they are set up.
pub(crate) fn program(workshop: &Workshop, name: &str) -> PathBuf {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    workshop.tools().join("wasm-bindgen").join("bin").join(name)
}

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let lock = fs::read_to_string(workshop.root.join("Cargo.lock"))?;
    let version = locked(&lock).context("Cargo.lock has no wasm-bindgen")?;
    stamp::install(&workshop.tools().join("wasm-bindgen"), version, |folder| {
        let program = Program {
            name: "wasm-bindgen-cli",
            version,
            // It may name what the registry has no more.
            locked: false,
            hot: &["walrus", "wasm-bindgen-cli-support", "wasm-encoder", "wasmparser"],
        };
        program::install(folder, &program)
    })
}

/// The version of wasm-bindgen in a lock file.
fn locked(lock: &str) -> Option<&str> {
    let (_, rest) = lock.split_once("name = \"wasm-bindgen\"\nversion = \"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn finds_the_library_and_not_its_parts() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked(lock), Some("0.2.130"));
        assert_eq!(locked("[[package]]\n"), None);
    }
}
