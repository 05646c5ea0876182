//! Garbage: staging directories of savers who died.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use blocking::unblock;
use cap_std::fs::Dir;
use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Garbage, GarbageList, GcOptions, Operation, Result};

use crate::{
    FsStore,
    error::{on, shown},
    location::{Location, url_of},
    publish,
    references::{self, Folder},
    staging::{self, Staging},
    sync::{self, Durability, LOCK_FILE},
};

impl FsStore {
    /// Finds what savers left who were killed, in the directory and those below it, and removes it
    /// unless it is a dry run, which it is by default: staging directories, and weight files of
    /// replaced models that their savers had still to remove.
    ///
    /// The next save to a directory does the same for that directory. A model that was committed and
    /// whose files do not yet have their own names is no garbage; it gets the names, unless it is a
    /// dry run. What a save still works on is locked by it and is left alone, whatever its age.
    ///
    /// ```
    /// use futures::{TryStreamExt, executor::block_on};
    /// use io_core::{GcOptions, HandlerOptions, ModelUrl};
    /// use io_fs::FsStore;
    ///
    /// let root = tempfile::tempdir().unwrap();
    /// let url = ModelUrl::new("file", root.path().to_str().unwrap())?;
    /// let store = FsStore::new(url, HandlerOptions::new())?;
    /// let found = block_on(store.gc(GcOptions::default()).try_collect::<Vec<_>>())?;
    /// assert!(found.is_empty());
    /// # Ok::<(), io_core::Error>(())
    /// ```
    pub fn gc(&self, options: GcOptions) -> GarbageList {
        let url = self.url.clone();
        let directories = stream::unfold(None, move |waiting: Option<Vec<PathBuf>>| {
            let (options, url) = (options.clone(), url.clone());
            async move {
                let (found, waiting) = unblock(move || {
                    let is_root = waiting.is_none();
                    let root = || Ok(vec![Location::root(&url)?]);
                    let mut waiting = match waiting.map_or_else(root, Ok) {
                        Ok(waiting) => waiting,
                        Err(error) => return Some((vec![Err(error)], Vec::new())),
                    };
                    let directory = waiting.pop()?;
                    let (found, below) = sweep(&directory, &options, is_root);
                    if !is_root && !options.dry_run && found.iter().any(Result::is_ok) {
                        // It was made for a model that never came, unless something else is in it.
                        let _ = fs::remove_dir(&directory);
                    }
                    waiting.extend(below);
                    Some((found, waiting))
                })
                .await?;
                Some((stream::iter(found), Some(waiting)))
            }
        });
        let url = self.url.clone();
        let context = move |error: Error| error.with_context(Operation::Remove, &url);
        Box::pin(directories.flatten().map(move |found| found.map_err(&context)))
    }
}

/// The leftovers in one directory, and the directories below it.
fn sweep(
    directory: &Path,
    options: &GcOptions,
    is_root: bool,
) -> (Vec<Result<Garbage>>, Vec<PathBuf>) {
    let names = match fs::read_dir(directory) {
        Ok(names) => names,
        // Removed since it was found.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_root => {
            return Default::default();
        }
        Err(error) => return (vec![Err(on("list", directory)(error))], Vec::new()),
    };
    let (mut is_dirty, mut below, mut found) = (false, Vec::new(), Vec::new());
    for name in names {
        match name.and_then(|name| Ok((name.file_type()?, name))) {
            Ok((kind, name)) if kind.is_dir() => {
                if name.file_name().to_str().is_some_and(staging::is_staging) {
                    is_dirty = true;
                } else {
                    below.push(name.path());
                }
            }
            // It goes with the lock that is taken below.
            Ok((_, name)) => is_dirty |= !options.dry_run && name.file_name() == LOCK_FILE,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => found.push(Err(on("list", directory)(error))),
        }
    }
    // In a fixed order, as far as one directory goes.
    below.sort_unstable_by(|a, b| b.cmp(a));
    if is_dirty {
        match sweep_stale(directory, options) {
            Ok(stale) => found.extend(stale),
            Err(error) if error.kind() == ErrorKind::NotFound && !is_root => {}
            Err(error) => found.push(Err(error)),
        }
    }
    (found, below)
}

fn sweep_stale(directory: &Path, options: &GcOptions) -> Result<Vec<Result<Garbage>>> {
    // No save is between making a staging directory and locking it.
    let (dir, _lock) = sync::open_locked(directory)?;
    let folder = Folder { dir: &dir, path: directory };
    let durability = Durability { fsync: true };
    let mut found = Vec::new();
    for staging in Staging::stale(&dir) {
        let staging = match staging {
            Ok(staging) => staging,
            Err(error) => {
                found.push(Err(error));
                continue;
            }
        };
        match sweep_one(folder, staging, options, durability) {
            Ok(None) => {}
            Ok(Some(garbage)) => found.push(Ok(garbage)),
            Err(error) => found.push(Err(error)),
        }
    }
    Ok(found)
}

/// Removes a stale staging directory, or gives the model in it its names. `None` where nothing is
/// removed.
fn sweep_one(
    folder: Folder<'_>,
    staging: Staging,
    options: &GcOptions,
    durability: Durability,
) -> Result<Option<Garbage>> {
    let found = || -> Result<(bool, Option<Garbage>)> {
        let written = staging.dir.dir_metadata().and_then(|meta| meta.modified());
        let written = written.map_err(on("look at", &staging.name))?.into_std();
        if !options.is_old(written) {
            return Ok((false, None));
        }
        let is_garbage = publish::committed(folder.dir, &staging)?.is_none();
        let garbage = is_garbage.then(|| garbage(folder, &staging, written)).transpose()?;
        Ok((!options.dry_run, garbage))
    };
    let (removes, garbage) = match found() {
        Ok(found) => found,
        Err(error) => {
            staging.keep();
            return Err(error);
        }
    };
    if !removes {
        staging.keep();
        return Ok(garbage);
    }
    let path = folder.path.join(&staging.name);
    publish::finish(folder, staging, durability)?;
    if garbage.is_some() && path.exists() {
        let message = format!("`{}` cannot be removed", shown(&path));
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    Ok(garbage)
}

/// A staging directory, with the weight files that it says are to be removed.
fn garbage(folder: Folder<'_>, staging: &Staging, written: SystemTime) -> Result<Garbage> {
    let path = folder.path.join(&staging.name);
    let length = |dir: &Dir, name: &Path| dir.symlink_metadata(name).map_or(0, |meta| meta.len());
    let old = references::unreferenced(folder, publish::old_files(staging)).unwrap_or_default();
    let own = staging::names(&staging.dir)?;
    let bytes = own
        .iter()
        .map(|name| length(&staging.dir, name.as_ref()))
        .chain(old.iter().map(|name| length(folder.dir, name.as_ref())))
        .fold(0, u64::saturating_add);
    Ok(Garbage::new(url_of(&path)?, bytes, written))
}
