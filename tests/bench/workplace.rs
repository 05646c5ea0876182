//! Where everything is: the checkout, its tools, and the folder for the models.

use std::env;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// The model's folder in a folder of the benchmark.
pub(crate) const MODEL: &str = "model";
/// The file of safetensors beside it.
pub(crate) const SAFETENSORS: &str = "model.safetensors";

pub(crate) struct Workplace {
    pub(crate) root: PathBuf,
    pub(crate) tools: PathBuf,
    /// Removed with the value.
    folder: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("this package is not inside a workspace")?.to_owned();
        let target = root.join("target");
        let tools =
            env::var_os("MODELPORT_TOOLS").map_or_else(|| target.join("tools"), PathBuf::from);
        // Not in the system's folder for such things, which may be in memory.
        fs::create_dir_all(&target)?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&target)?;
        Ok(Self { root, tools, folder })
    }

    /// An empty folder.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        remove(&path)?;
        fs::create_dir(&path)?;
        Ok(path)
    }
}

/// Removes a folder and what is in it.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Reads all files once, so that they are in the system's memory.
pub(crate) fn warm(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            warm(&entry.path())?;
        } else {
            io::copy(&mut fs::File::open(entry.path())?, &mut io::sink())?;
        }
    }
    Ok(())
}
