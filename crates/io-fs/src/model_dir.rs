//! The directory of a model: which of its files are opened, and which symbolic links are followed.
//! `docs/decisions/0012-symbolic-links.md` has the rule and its reasons.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use io_core::{Error, ErrorKind};

use crate::{
    Symlinks,
    error::{failed, shown},
};

/// The directory of a model.
#[derive(Clone, Debug)]
pub(crate) struct ModelDir {
    dir: Arc<Dir>,
    path: PathBuf,
    symlinks: Symlinks,
}

/// Why a file of a model's directory is not opened.
#[derive(Debug)]
pub(crate) enum Refusal {
    System(io::Error),
    NotAFile,
    LeadsOut,
    LinkOfAnotherUser,
}

impl ModelDir {
    /// Opens the directory at `path`.
    pub(crate) fn open(path: &Path, symlinks: Symlinks) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self { dir: Arc::new(dir), path: path.to_owned(), symlinks })
    }

    /// The length of a regular file, and when it was last written.
    pub(crate) fn look_at(&self, path: &str) -> Result<(u64, SystemTime), Refusal> {
        let (is_file, length, modified) = match self.dir.metadata(path) {
            Ok(meta) => (
                meta.is_file(),
                meta.len(),
                meta.modified().map(cap_std::time::SystemTime::into_std),
            ),
            Err(error) if is_escape(&error) => {
                let meta = fs::metadata(self.outside(path)?)?;
                (meta.is_file(), meta.len(), meta.modified())
            }
            Err(error) => return Err(error.into()),
        };
        if is_file { Ok((length, modified?)) } else { Err(Refusal::NotAFile) }
    }

    /// Opens a regular file. Never waits for a pipe and never reads a device, also if one takes the
    /// place of a file meanwhile.
    pub(crate) fn open_file(&self, path: &str) -> Result<File, Refusal> {
        // Looked at first, since to open a device can do something.
        self.look_at(path)?;
        let file = match self.dir.open_with(path, &inside_options()) {
            Ok(file) => file.into_std(),
            Err(error) if is_escape(&error) => outside_options().open(self.outside(path)?)?,
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(Refusal::NotAFile) }
    }

    /// The path of a symbolic link in this very directory, if it may be followed out of it.
    fn outside(&self, path: &str) -> Result<PathBuf, Refusal> {
        let mut segments = path.split('/').filter(|segment| !matches!(*segment, "" | "."));
        let (Some(name), None) = (segments.next(), segments.next()) else {
            return Err(Refusal::LeadsOut);
        };
        if self.symlinks == Symlinks::Deny {
            return Err(Refusal::LeadsOut);
        }
        if !self.is_of_this_user(name)? {
            return Err(Refusal::LinkOfAnotherUser);
        }
        Ok(self.path.join(name))
    }

    /// Whether the owner of the directory, this user or the administrator made the link `name`: a
    /// link of another user may lead to what only this process can read.
    #[cfg(unix)]
    fn is_of_this_user(&self, name: &str) -> io::Result<bool> {
        use cap_std::fs::MetadataExt;

        let link = self.dir.symlink_metadata(name)?.uid();
        let this_user = rustix::process::geteuid().as_raw();
        Ok(link == 0 || link == this_user || link == self.dir.dir_metadata()?.uid())
    }

    /// Elsewhere making a link takes a privilege.
    #[cfg(not(unix))]
    fn is_of_this_user(&self, _: &str) -> io::Result<bool> {
        Ok(true)
    }
}

/// Whether this is how a sandboxed open refuses: the operating system's own refusals have a number.
pub(crate) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

/// To open a pipe without this is to wait for a writer.
#[cfg(unix)]
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

pub(crate) fn inside_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
    options
}

/// The options to open a file that is read, wherever it is.
pub(crate) fn outside_options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
    options
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl Refusal {
    /// The error of the weight file `path`.
    pub(crate) fn of_weights(self, path: &str) -> Error {
        let name = shown(path.as_ref());
        match self {
            Self::System(error) if error.kind() == io::ErrorKind::NotFound => {
                let missing =
                    Error::new(ErrorKind::NotFound, format!("weight file `{name}` is missing"));
                if path.contains('?') {
                    missing.with_hint("its path has a query, as on a web server; files have none")
                } else {
                    missing
                }
            }
            other => other.of(&format!("weight file `{name}`")),
        }
    }

    /// The error of `what`.
    pub(crate) fn of(self, what: &str) -> Error {
        match self {
            Self::System(error) => failed(format!("cannot open {what}"), error),
            Self::NotAFile => Error::corrupt(format!("{what} is not a file")),
            Self::LeadsOut => Error::corrupt(format!("{what} leads out of the model's directory")),
            Self::LinkOfAnotherUser => Error::new(
                ErrorKind::PermissionDenied,
                format!(
                    "{what} is a link out of the model's directory that another user made than \
                     the directory's owner"
                ),
            ),
        }
    }
}
