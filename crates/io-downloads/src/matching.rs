//! Which of the picked files is which: the model file, and the file of each weight path.

use std::collections::{BTreeMap, HashMap};

use io_core::{Error, ErrorKind, Result, printable_name};

/// How many names a message has at most.
const MOST_NAMES: usize = 10;

/// The place of the model file among files of these names: the only one in `.json`; of several the
/// one called `model.json`, or the first one; the very first file where none is, as TensorFlow.js
/// has it.
pub(crate) fn model_file(names: &[String]) -> usize {
    let json = || (0..).zip(names).filter(|(_, name)| is_json(name));
    let exact = json().find(|(_, name)| *name == "model.json");
    exact.or_else(|| json().next()).map_or(0, |(place, _)| place)
}

/// The place among `names` of the file for each of `paths`, by the last segment of the path: what a
/// person picks has no folders.
///
/// # Errors
///
/// - `Unsupported` when two paths have the same last segment.
/// - `NotFound`, naming all files that are missing.
/// - `InvalidInput` when two files have one name, or there are files that no path names.
pub(crate) fn places(paths: &[&str], names: &[String]) -> Result<Vec<usize>> {
    let mut places = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        if places.insert(basename(name), place).is_some() {
            let message = format!("two of the files are called '{}'", printable_name(name));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
    }
    let mut wanted = BTreeMap::new();
    for path in paths {
        if wanted.insert(basename(path), ()).is_some() {
            let name = printable_name(basename(path));
            let message = format!("duplicate file basename found in weights manifest: '{name}'");
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("files of one name cannot be told apart when they are picked"));
        }
    }
    let missing = paths.iter().map(|path| basename(path)).filter(|path| !places.contains_key(path));
    let missing: Vec<&str> = missing.collect();
    let surplus = names.iter().map(|name| basename(name)).filter(|name| !wanted.contains_key(name));
    let surplus: Vec<&str> = surplus.collect();
    let unknown = || format!("no path of the model file names {}", list(&surplus));
    if let Some(first) = missing.first() {
        let message = match missing.as_slice() {
            [_] => format!("weight file with basename '{}' is not provided", printable_name(first)),
            all => format!("weight files with basenames {} are not provided", list(all)),
        };
        let error = Error::new(ErrorKind::NotFound, message);
        return Err(if surplus.is_empty() { error } else { error.with_hint(unknown()) });
    }
    if !surplus.is_empty() {
        let message = format!(
            "mismatch in the number of files in weights manifest ({}) and the number of weight \
             files provided ({})",
            paths.len(),
            names.len()
        );
        return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(unknown()));
    }
    Ok(paths.iter().filter_map(|path| places.get(basename(path)).copied()).collect())
}

/// What is after the last slash, without blanks around it, as TensorFlow.js cuts it.
fn basename(path: &str) -> &str {
    let path = path.trim().trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether one of `paths` means the file `name`.
pub(crate) fn is_named(paths: &[&str], name: &str) -> bool {
    paths.iter().any(|path| basename(path) == basename(name))
}

/// Whether a file is JSON by its name.
pub(crate) fn is_json(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}

/// `'a', 'b' and 3 more`.
fn list(names: &[&str]) -> String {
    let quoted: Vec<_> =
        names.iter().take(MOST_NAMES).map(|name| format!("'{}'", printable_name(name))).collect();
    let more = names.len() - quoted.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    quoted.join(", ") + &rest
}
