//! The directory in which a save is prepared, inside the model's own directory.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cap_std::fs::{Dir, OpenOptions};
use io_core::Result;

use crate::{
    error::{failed, on},
    sync::{DirLock, Durability},
};

/// What the names of staging directories begin with.
const PREFIX: &str = ".modelport-";

/// A staging directory. It is removed with the value, unless it is [kept](Self::keep); when the
/// process is killed, its lock goes and the next save finds that it is stale.
#[derive(Debug)]
pub(crate) struct Staging {
    pub(crate) name: String,
    pub(crate) dir: Dir,
    parent: Dir,
    kept: bool,
    lock: Option<DirLock>,
}

impl Staging {
    /// A new one in `parent`. The caller holds the lock of `parent`, so that nobody takes it for
    /// stale before it is locked itself.
    pub(crate) fn create(parent: &Dir) -> io::Result<Self> {
        let name = loop {
            let name = unique_name();
            match parent.create_dir(&name) {
                Ok(()) => break name,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        let open = || -> io::Result<Self> {
            let dir = parent.open_dir(&name)?;
            let lock = Some(DirLock::acquire_new(&dir).map_err(io::Error::other)?);
            let (name, parent) = (name.clone(), parent.try_clone()?);
            Ok(Self { name, dir, parent, kept: false, lock })
        };
        open().inspect_err(|_| {
            let _ = parent.remove_dir_all(&name);
        })
    }

    /// Those in `parent` whose saves were interrupted, and what cannot be found out of one. The
    /// caller holds the lock of `parent`.
    pub(crate) fn stale(parent: &Dir) -> Vec<Result<Self>> {
        let adopt = |name: &String| -> Result<Option<Self>> {
            let dir = parent.open_dir(name).map_err(on("open", name))?;
            let Some(lock) = DirLock::try_acquire(&dir)? else { return Ok(None) };
            let (name, parent) = (name.clone(), parent.try_clone().map_err(on("open", name))?);
            Ok(Some(Self { name, dir, parent, kept: false, lock: Some(lock) }))
        };
        let names = match names(parent) {
            Ok(names) => names,
            Err(error) => return vec![Err(error)],
        };
        // A link of such a name is not one.
        let is_dir = |name: &String| parent.symlink_metadata(name).is_ok_and(|meta| meta.is_dir());
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        names
            .filter(|name| is_staging(name) && is_dir(name))
            .filter_map(|name| adopt(&name).transpose())
            .collect()
    }

    /// Writes a small file, to disk where asked.
    pub(crate) fn write(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<()> {
        let mut file = self.create_file(name)?;
        file.write_all(bytes).map_err(on("write", name))?;
        durability.file(&file, name)
    }

    /// A new, empty file.
    pub(crate) fn create_file(&self, name: &str) -> Result<File> {
        create_file(&self.dir, name)
    }

    /// Leaves the directory where it is, since the model's own JSON names files in it.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // First, since NFS keeps the directory of a file that is open.
        drop(self.lock.take());
        if !self.kept {
            // What cannot be removed now is stale for the next save.
            let _ = self.parent.remove_dir_all(&self.name);
        }
    }
}

/// A new, empty file in `dir`.
pub(crate) fn create_file(dir: &Dir, name: &str) -> Result<File> {
    let mut options = OpenOptions::new();
    dir.open_with(name, options.create_new(true).write(true))
        .map(cap_std::fs::File::into_std)
        .map_err(on("create", name))
}

/// The names in a directory.
pub(crate) fn names(dir: &Dir) -> Result<Vec<OsString>> {
    let listed = |error| failed("cannot list the directory", error);
    let entries = dir.entries().map_err(listed)?;
    entries.map(|entry| entry.map(|entry| entry.file_name()).map_err(listed)).collect()
}

/// Whether this is the name of a staging directory.
pub(crate) fn is_staging(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// A name that no other process or thread is likely to take; who loses a tie tries again.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{:x}-{:x}-{count:x}", process::id(), now.as_nanos())
}
