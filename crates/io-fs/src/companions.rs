//! Files beside a model that belong to no model.

use std::{fs, io, path::Path};

use blocking::unblock;
use io_core::{Error, ErrorKind, ModelUrl, Result};
use io_manifest::companion_files;

use crate::{
    error::{on, shown},
    location::{self, Location},
};

/// In a directory with more files than this, none is taken for a companion.
const MOST_FILES: usize = 1000;
/// A larger JSON file is taken for a model.
const MOST_JSON_BYTES: u64 = 64 << 20;

/// Returns the names of the plain files that lie directly beside the model at `url` and belong to no
/// model. Symbolic links and hidden files are left out.
///
/// # Errors
///
/// `InvalidInput` when the directory has more than 1,000 files; what the system refuses with.
pub async fn companions(url: &ModelUrl) -> Result<Vec<String>> {
    let url = url.clone();
    unblock(move || find(&url)).await
}

fn find(url: &ModelUrl) -> Result<Vec<String>> {
    // The model file itself may have any name.
    let Location { directory, json, .. } = Location::find(url)?;
    let entries = fs::read_dir(&directory).map_err(on("list", &directory))?;
    let (mut names, mut jsons) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(on("list", &directory))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
        if !meta.is_file() {
            continue;
        }
        if name == json || name.to_ascii_lowercase().ends_with(".json") {
            if meta.len() > MOST_JSON_BYTES {
                continue;
            }
            jsons.push((name.clone(), fs::read(entry.path()).map_err(on("read", entry.path()))?));
        }
        names.push(name);
        if names.len() > MOST_FILES {
            let message = format!(
                "`{}` has more than {MOST_FILES} files beside the model",
                shown(&directory)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
    }
    Ok(companion_files(names, &jsons))
}

/// Removes the file at `path` and, with `and_directory`, the directory that it was in if nothing is
/// left there.
///
/// # Errors
///
/// What the system refuses with.
pub async fn remove_companion(path: &Path, and_directory: bool) -> Result<()> {
    let path = path.to_owned();
    unblock(move || {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(on("remove", &path)(error));
            }
            _ => {}
        }
        if and_directory {
            let _ = fs::remove_dir(location::parent(&path));
        }
        Ok(())
    })
    .await
}
