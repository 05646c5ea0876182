//! Locks on directories, and what must be on disk before the next step.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use io_core::Result;
use same_file::Handle;

use crate::error::{failed, on};

/// The lock file of file systems that cannot lock a directory.
pub(crate) const LOCK_FILE: &str = ".modelport.lock";

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

/// An exclusive lock on a directory among the processes that use this crate; released with the
/// value, or by the operating system when the process ends.
///
/// The directory itself is locked, so that nothing is left behind. Where the file system cannot do
/// that, as NFS cannot, a file in it is. Which of the two depends on the file system alone, so that
/// all processes do the same.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: Option<File>,
    /// Where the lock file is, if it is removed with the lock.
    removed_from: Option<Dir>,
}

impl DirLock {
    /// Waits for the lock of a model's directory. A lock file is removed with the lock.
    pub(crate) fn acquire(dir: &Dir) -> Result<Self> {
        if let Attempt::Locked(file) = lock_itself(dir, true)? {
            return Ok(Self { _file: Some(file), removed_from: None });
        }
        loop {
            let file = create_lock_file(dir)?;
            wait_for(&file)?;
            // The holder before may have removed the file that this one waited for.
            if is_lock_file(dir, &file)? {
                let dir = dir.try_clone().map_err(on("open the directory of", LOCK_FILE))?;
                return Ok(Self { _file: Some(file), removed_from: Some(dir) });
            }
        }
    }

    /// Locks a new staging directory. A lock file stays as long as the directory.
    pub(crate) fn acquire_new(dir: &Dir) -> Result<Self> {
        let file = match lock_itself(dir, true)? {
            Attempt::Locked(file) => file,
            Attempt::Taken | Attempt::Impossible => {
                let file = create_lock_file(dir)?;
                wait_for(&file)?;
                file
            }
        };
        Ok(Self { _file: Some(file), removed_from: None })
    }

    /// Takes the lock of a staging directory if its save has ended; changes nothing in it. The
    /// caller holds the lock of the directory that it is in.
    pub(crate) fn try_acquire(dir: &Dir) -> Result<Option<Self>> {
        let file = match lock_itself(dir, false)? {
            Attempt::Locked(file) => Some(file),
            Attempt::Taken => return Ok(None),
            Attempt::Impossible => match dir.open_with(LOCK_FILE, OpenOptions::new().write(true)) {
                Ok(file) => {
                    let file = file.into_std();
                    if !lock(&file, false).map_err(on("lock", LOCK_FILE))? {
                        return Ok(None);
                    }
                    Some(file)
                }
                // Its save was killed before it made one.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(on("open", LOCK_FILE)(error)),
            },
        };
        Ok(Some(Self { _file: file, removed_from: None }))
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        if let Some(dir) = &self.removed_from {
            // Still locked. One that stays is used by the next save.
            let _ = dir.remove_file(LOCK_FILE);
        }
    }
}

enum Attempt {
    Locked(File),
    Taken,
    /// This file system does not lock directories.
    Impossible,
}

fn lock_itself(dir: &Dir, waits: bool) -> Result<Attempt> {
    let file = match as_file(dir) {
        Ok(file) => file,
        Err(_) if cfg!(not(unix)) => return Ok(Attempt::Impossible),
        Err(error) => return Err(failed("cannot open the directory to lock it", error)),
    };
    match lock(&file, waits) {
        Ok(true) => Ok(Attempt::Locked(file)),
        Ok(false) => Ok(Attempt::Taken),
        Err(error) if is_unsupported(&error) => Ok(Attempt::Impossible),
        Err(error) => Err(failed("cannot lock the directory", error)),
    }
}

/// Whether the file system, not the moment, is the reason.
fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let reasons = [
            Errno::BADF,
            Errno::INVAL,
            Errno::ISDIR,
            Errno::NOLCK,
            Errno::NOSYS,
            Errno::NOTSUP,
            Errno::OPNOTSUPP,
        ];
        if Errno::from_io_error(error).is_some_and(|error| reasons.contains(&error)) {
            return true;
        }
    }
    error.kind() == io::ErrorKind::Unsupported
}

fn create_lock_file(dir: &Dir) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = dir.open_with(LOCK_FILE, options.create(true).write(true));
    Ok(file.map_err(on("create", LOCK_FILE))?.into_std())
}

fn wait_for(lock_file: &File) -> Result<()> {
    lock(lock_file, true).map(drop).map_err(|error| failed("cannot lock the directory", error))
}

/// Whether `file` still is the lock file of `dir`.
fn is_lock_file(dir: &Dir, file: &File) -> Result<bool> {
    let now = match dir.open(LOCK_FILE) {
        Ok(now) => now.into_std(),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::StaleNetworkFileHandle
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(on("open", LOCK_FILE)(error)),
    };
    let file = file.try_clone().and_then(Handle::from_file);
    let same = file.and_then(|file| Ok(file == Handle::from_file(now)?));
    same.map_err(on("look at", LOCK_FILE))
}

/// Locks `file`; `false` if another has the lock. A signal does not end the wait.
fn lock(file: &File, waits: bool) -> io::Result<bool> {
    loop {
        let locked = if waits {
            file.lock().map(|()| true)
        } else {
            match file.try_lock() {
                Ok(()) => Ok(true),
                Err(TryLockError::WouldBlock) => Ok(false),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        match locked {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
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
