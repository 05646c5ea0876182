//! Garbage: staging directories of savers who died.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use blocking::unblock;
use cap_std::fs::Dir;
use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Garbage, GarbageList, GcOptions, Operation, Result};

use crate::{
    FsStore, claims,
    error::{on, shown},
    location::{Location, url_of},
    publish,
    staging::{self, Staging},
    sync::{self, Durability},
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
        let root = match Location::find(&url) {
            Ok(root) => root.directory,
            Err(error) => {
                return Box::pin(stream::iter([Err(error.with_context(Operation::Remove, &url))]));
            }
        };
        let directories = stream::unfold(vec![(root, true)], move |mut waiting| {
            let options = options.clone();
            async move {
                let (directory, is_root) = waiting.pop()?;
                let swept = unblock(move || {
                    let swept = sweep(&directory, &options);
                    if !is_root && !options.dry_run && swept.0.iter().any(Result::is_ok) {
                        // It was made for a model that never came, unless something else is in it.
                        let _ = fs::remove_dir(&directory);
                    }
                    swept
                });
                let (found, below) = swept.await;
                waiting.extend(below.into_iter().map(|directory| (directory, false)));
                Some((stream::iter(found), waiting))
            }
        });
        let context = move |error: Error| error.with_context(Operation::Remove, &url);
        Box::pin(directories.flatten().map(move |found| found.map_err(&context)))
    }
}

/// The garbage in one directory, and the directories below it.
fn sweep(directory: &Path, options: &GcOptions) -> (Vec<Result<Garbage>>, Vec<PathBuf>) {
    let names = match fs::read_dir(directory) {
        Ok(names) => names,
        Err(error) => return (vec![Err(on("list", directory)(error))], Vec::new()),
    };
    let (mut has_staging, mut below) = (false, Vec::new());
    for name in names.flatten() {
        if !name.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if name.file_name().to_str().is_some_and(staging::is_staging) {
            has_staging = true;
        } else {
            below.push(name.path());
        }
    }
    // In a fixed order, as far as one directory goes.
    below.sort_unstable_by(|a, b| b.cmp(a));
    let found = if has_staging { sweep_stale(directory, options) } else { Ok(Vec::new()) };
    (found.unwrap_or_else(|error| vec![Err(error)]), below)
}

fn sweep_stale(directory: &Path, options: &GcOptions) -> Result<Vec<Result<Garbage>>> {
    // Nobody is between making a staging directory and locking it.
    let (dir, _lock) = sync::open_locked(directory)?;
    let durability = Durability { fsync: true };
    let mut found = Vec::new();
    for staging in Staging::stale(&dir) {
        let written = match staging.dir.dir_metadata().and_then(|meta| meta.modified()) {
            Ok(written) => written.into_std(),
            Err(error) => {
                found.push(Err(on("look at", &staging.name)(error)));
                staging.keep();
                continue;
            }
        };
        if !options.is_old(written) {
            staging.keep();
            continue;
        }
        let is_garbage = publish::committed(&dir, &staging).is_none();
        let garbage = is_garbage.then(|| garbage(directory, &dir, &staging, written));
        let path = directory.join(&staging.name);
        if options.dry_run {
            staging.keep();
        } else {
            publish::finish(&dir, staging, durability);
        }
        match garbage {
            Some(Ok(_)) if !options.dry_run && path.exists() => {
                let message = format!("`{}` cannot be removed", shown(&path));
                found.push(Err(Error::new(ErrorKind::PermissionDenied, message)));
            }
            Some(garbage) => found.push(garbage),
            None => {}
        }
    }
    Ok(found)
}

/// A staging directory, with the weight files that it says are to be removed.
fn garbage(directory: &Path, dir: &Dir, staging: &Staging, written: SystemTime) -> Result<Garbage> {
    let path = directory.join(&staging.name);
    let length = |dir: &Dir, name: &str| dir.symlink_metadata(name).map_or(0, |meta| meta.len());
    let old = claims::unclaimed(dir, publish::old_files(staging)).unwrap_or_default();
    let own = staging::names(&staging.dir);
    let bytes = own
        .iter()
        .map(|name| length(&staging.dir, name))
        .chain(old.iter().map(|name| length(dir, name)))
        .fold(0, u64::saturating_add);
    Ok(Garbage::new(url_of(&path)?, bytes, written))
}
