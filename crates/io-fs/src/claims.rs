//! Which files of a directory belong to which model.

use std::{
    collections::BTreeSet,
    io::{self, Read},
};

use cap_std::fs::Dir;
use io_core::Result;
use io_manifest::{ModelJson, check_path};

use crate::{error::on, staging};

/// Above this a JSON file beside a model is not looked into.
pub(crate) const MAX_NEIGHBOUR_BYTES: u64 = 64 << 20;

/// The whole of a file in `dir`.
pub(crate) fn read_file(dir: &Dir, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    dir.open(name).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(on("read", name))?;
    Ok(bytes)
}

/// The weight files of the model in the JSON text `text`, by plain relative path; none when it is
/// not a model. Paths that leave the directory are nobody's parts.
pub(crate) fn weight_files(text: &[u8]) -> BTreeSet<String> {
    let Ok(model) = ModelJson::parse(text) else {
        return BTreeSet::new();
    };
    let files = model.files();
    files
        .iter()
        .filter(|file| check_path(&file.path).is_ok())
        .map(|file| plain(&file.path))
        .collect()
}

/// The weight files of all models in `dir` but the one in `except`, with the name of the JSON file
/// of each model.
pub(crate) fn claimed(dir: &Dir, except: Option<&str>) -> Vec<(String, String)> {
    let names = staging::names(dir).into_iter().filter(|name| {
        name.ends_with(".json") && Some(name.as_str()) != except && is_small_file(dir, name)
    });
    let mut claims = Vec::new();
    for name in names {
        let text = read_file(dir, &name).unwrap_or_default();
        claims.extend(weight_files(&text).into_iter().map(|file| (file, name.clone())));
    }
    claims
}

/// Removes those of `files` that no model in `dir` has among its parts. Says whether all are gone.
pub(crate) fn remove_unclaimed(dir: &Dir, files: &BTreeSet<String>) -> bool {
    unclaimed(dir, files).into_iter().fold(true, |gone, file| {
        let removed = dir.remove_file(file);
        gone & removed.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |()| true)
    })
}

/// Those of `files` that no model in `dir` has among its parts.
pub(crate) fn unclaimed<'a>(dir: &Dir, files: &'a BTreeSet<String>) -> Vec<&'a String> {
    if files.is_empty() {
        return Vec::new();
    }
    let claims = claimed(dir, None);
    files.iter().filter(|file| claims.iter().all(|(claim, _)| claim != *file)).collect()
}

fn is_small_file(dir: &Dir, name: &str) -> bool {
    dir.metadata(name).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_NEIGHBOUR_BYTES)
}

/// A manifest path without `.` segments and doubled slashes.
fn plain(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    segments.join("/")
}
