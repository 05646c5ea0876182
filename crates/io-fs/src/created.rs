//! Directories that are made for a model or a file, and go again if it does not come.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use io_core::{Error, ErrorKind, Result};

use crate::{
    error::{on, shown},
    location,
    sync::Durability,
};

/// Directories that did not exist before; removed with the value unless they are kept.
#[derive(Debug)]
pub(crate) struct CreatedDirs(Vec<PathBuf>);

impl CreatedDirs {
    /// Makes `path` and what is missing above it.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let missing = path
            .ancestors()
            .take_while(|ancestor| *ancestor != Path::new("") && !ancestor.exists())
            .map(Path::to_owned)
            .collect();
        let created = Self(missing);
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                let message = format!("`{}` is not a directory", shown(path));
                Error::new(ErrorKind::InvalidUrl, message)
            }
            _ => on("create the directory", path)(error),
        })?;
        Ok(created)
    }

    /// Their names are on disk.
    pub(crate) fn flush(&self, durability: Durability) -> Result<()> {
        for path in &self.0 {
            let parent = location::parent(path);
            durability.path(&parent).map_err(on("flush", &parent))?;
        }
        Ok(())
    }

    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for CreatedDirs {
    fn drop(&mut self) {
        // The innermost is first. One that somebody else uses by now is not empty and stays.
        for path in &self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}
