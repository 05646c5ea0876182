//! What tells a model from any other that is or was in its place: the identities of its files.

use std::{fs, path::Path, time::SystemTime};

use crate::{location::Location, snapshot::WeightFiles};

/// The version of the model at `location`; `None` where a file cannot be looked at, or has no date.
pub(crate) fn of(location: &Location, files: &WeightFiles) -> Option<String> {
    let weights = files.files.iter().map(|file| location.directory.join(&file.path));
    let all = std::iter::once(location.json_path()).chain(weights);
    let identities: Option<Vec<String>> = all.map(|path| identity(&path)).collect();
    Some(identities?.join(" "))
}

/// A save puts other files in place; a program that writes into a file changes its dates, of which
/// it can set back one alone.
fn identity(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    let nanos = |date: SystemTime| {
        date.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
    };
    let (length, modified) = (meta.len(), nanos(meta.modified().ok()?));
    #[cfg(unix)]
    let other = {
        use std::os::unix::fs::MetadataExt as _;
        format!("{:x}-{:x}-{:x}.{:x}", meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec())
    };
    #[cfg(not(unix))]
    let other = meta.created().map_or(0, nanos);
    Some(format!("{length:x}-{modified:x}-{other}"))
}
