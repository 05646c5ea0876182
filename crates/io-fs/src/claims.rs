//! Which files of a directory belong to which model.

use std::{
    collections::BTreeSet,
    io::{self, Read},
};

use cap_std::fs::Dir;
use io_core::{Error, ErrorKind, Result};
use io_manifest::{Unclaimed, claimed_files};

use crate::{
    error::{failed, on, shown},
    snapshot::MAX_JSON_BYTES,
};

/// The whole of a JSON file in `dir`.
pub(crate) fn read_file(dir: &Dir, name: &str) -> Result<Vec<u8>> {
    // Asked first: to open a pipe is to wait for ever, and a device has no end.
    if !dir.metadata(name).map_err(on("read", name))?.is_file() {
        return Err(Error::corrupt(format!("`{}` is not a file", shown(name.as_ref()))));
    }
    let mut bytes = Vec::new();
    let read =
        dir.open(name).and_then(|file| file.take(MAX_JSON_BYTES + 1).read_to_end(&mut bytes));
    if read.map_err(on("read", name))? as u64 > MAX_JSON_BYTES {
        return Err(Error::corrupt(format!(
            "`{}` is larger than a model's JSON can be",
            shown(name.as_ref())
        )));
    }
    Ok(bytes)
}

/// The weight files of all models in `dir` but the one in `except`, with the name of the JSON file
/// of each model.
///
/// # Errors
///
/// What the system refuses with.
pub(crate) fn claimed(dir: &Dir, except: &str) -> Result<Vec<(String, String)>> {
    let mut claims = Vec::new();
    for name in json_files(dir)?.into_iter().filter(|name| name != except) {
        let text = read_file(dir, &name).unwrap_or_default();
        // Who replaces files is not stopped by a damaged model.
        let files = claimed_files(&text).unwrap_or_default();
        claims.extend(files.into_iter().map(|file| (file, name.clone())));
    }
    Ok(claims)
}

/// Removes those of `files` that no model has among its parts. Says whether all are gone.
pub(crate) fn remove_unclaimed(dir: &Dir, files: BTreeSet<String>) -> bool {
    let Ok(unclaimed) = unclaimed(dir, files) else { return false };
    unclaimed.iter().fold(true, |gone, file| {
        let removed = dir.remove_file(file);
        gone & removed.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |()| true)
    })
}

/// Those of `files` that no model in `dir`, or in a directory of theirs, has among its parts.
///
/// # Errors
///
/// What the system refuses with, `Corrupt` for a damaged model: who cannot see all claims must not
/// remove anything.
pub(crate) fn unclaimed(dir: &Dir, files: BTreeSet<String>) -> Result<BTreeSet<String>> {
    let mut unclaimed = Unclaimed::new(files);
    for folder in unclaimed.folders() {
        let path = if folder.is_empty() { "." } else { &folder };
        let dir = match dir.open_dir(path) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(on("open the directory", path)(error)),
        };
        for name in json_files(&dir)? {
            match read_file(&dir, &name) {
                Ok(text) => unclaimed.leave(&folder, &name, &text)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(unclaimed.into_files())
}

/// The JSON files directly in a directory.
fn json_files(dir: &Dir) -> Result<Vec<String>> {
    let entries = dir.entries().map_err(|error| failed("cannot list the directory", error))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_file = |name: &String| dir.metadata(name).is_ok_and(|meta| meta.is_file());
    Ok(names.filter(|name| name.ends_with(".json") && is_file(name)).collect())
}
