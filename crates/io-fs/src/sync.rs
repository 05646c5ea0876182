//! Locks on directories, and what must be on disk before the next step.

use std::{fs::File, io, path::Path};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use io_core::Result;
use same_file::Handle;

use crate::error::{failed, on};

/// The lock file of file systems that cannot lock a directory.
const LOCK_FILE: &str = ".modelport.lock";

/// Opens the directory at `path` and waits for its lock.
///
/// # Errors
///
/// What the system refuses with; `NotFound` also when it is gone once the lock is there.
pub(crate) fn open_locked(path: &Path) -> Result<(Dir, DirLock)> {
    loop {
        let dir = open(path)?;
        let lock = DirLock::acquire(&dir)?;
        if is_at(&dir, path)? {
            return Ok((dir, lock));
        }
    }
}

/// Whether `path` still leads to `dir`, which whoever had its lock may have renamed or removed.
pub(crate) fn is_at(dir: &Dir, path: &Path) -> Result<bool> {
    let identity = |dir: Dir| {
        Handle::from_file(dir.into_std_file()).map_err(on("look at the directory", path))
    };
    let dir = dir.try_clone().map_err(on("open the directory", path))?;
    Ok(identity(open(path)?)? == identity(dir)?)
}

fn open(path: &Path) -> Result<Dir> {
    Dir::open_ambient_dir(path, ambient_authority()).map_err(on("open the directory", path))
}

/// An exclusive lock on a directory among those who use this crate; dropped with the value, or by
/// the operating system when the process ends.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Waits for the lock.
    pub(crate) fn acquire(dir: &Dir) -> Result<Self> {
        // The directory itself, so that nothing is left behind; a file where that cannot be.
        if let Ok(file) = as_file(dir)
            && file.lock().is_ok()
        {
            return Ok(Self { _file: file });
        }
        let mut options = OpenOptions::new();
        let file = dir
            .open_with(LOCK_FILE, options.create(true).write(true))
            .map_err(on("create", LOCK_FILE))?
            .into_std();
        file.lock().map_err(|error| failed("cannot lock the directory", error))?;
        Ok(Self { _file: file })
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_acquire(dir: &Dir) -> Option<Self> {
        let file = as_file(dir).ok()?;
        file.try_lock().ok()?;
        Some(Self { _file: file })
    }
}

/// Whether a save survives a power cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Durability {
    pub(crate) fsync: bool,
}

impl Durability {
    /// The bytes of `file` are on disk.
    pub(crate) fn file(self, file: &File, name: &str) -> Result<()> {
        if self.fsync { file.sync_all().map_err(on("flush", name)) } else { Ok(()) }
    }

    /// The names in `dir` are on disk.
    pub(crate) fn dir(self, dir: &Dir) -> io::Result<()> {
        if self.fsync { as_file(dir)?.sync_all() } else { Ok(()) }
    }

    /// The names in the directory at `path` are on disk.
    pub(crate) fn path(self, path: &Path) -> io::Result<()> {
        if self.fsync { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

/// The directory, opened once more: a duplicate would share its lock with `dir`, and what
/// `open_dir` gives can neither be locked nor flushed on Linux.
fn as_file(dir: &Dir) -> io::Result<File> {
    Ok(dir.open(".")?.into_std())
}
