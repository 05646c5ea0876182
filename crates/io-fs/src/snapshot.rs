//! One model as it was at one instant, though others save meanwhile.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use io_core::{Error, ErrorKind, Result};
use io_manifest::{FileIntegrity, ModelJson, check_path, describe_foreign};
use same_file::Handle;

use crate::{
    error::{on, shown},
    location::{self, Location},
    model_dir::{ModelDir, Refusal},
};

/// How often a load starts again because a concurrent save replaced the model.
pub(crate) const MAX_ATTEMPTS: usize = 16;

/// The largest JSON file that is read: about what JavaScript can hold in one string.
pub(crate) const MAX_JSON_BYTES: u64 = 512 << 20;

/// A model's JSON and the weight files that belong to it, none of them read yet.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) model: ModelJson,
    pub(crate) saved: SystemTime,
    pub(crate) files: WeightFiles,
}

impl Snapshot {
    /// The model at `location`, with its weights in the file `weights` where that is given.
    pub(crate) fn open(location: &Location, weights: Option<&Path>) -> Result<Self> {
        for _ in 0..MAX_ATTEMPTS {
            let (json, saved, text) = JsonFile::read(location)?;
            let json = Arc::new(json);
            let found = ModelJson::parse(&text).and_then(|model| {
                let files = match weights {
                    Some(path) => WeightFiles::pair(&model, json.clone(), path, location),
                    None => WeightFiles::of(&model, json.clone(), location),
                }?;
                files.check_lengths(&model)?;
                Ok(Self { model, saved, files })
            });
            // A model that was replaced while we looked may well seem broken.
            if json.is_current() {
                return found;
            }
        }
        Err(replaced())
    }
}

/// The weight files of one model, in order, in a directory that no path leaves.
#[derive(Clone, Debug)]
pub(crate) struct WeightFiles {
    pub(crate) files: Arc<[WeightFile]>,
    dir: ModelDir,
    json: Arc<JsonFile>,
}

/// A weight file and where its bytes lie among all.
#[derive(Clone, Debug)]
pub(crate) struct WeightFile {
    pub(crate) path: String,
    pub(crate) start: u64,
    pub(crate) length: u64,
    pub(crate) integrity: Option<FileIntegrity>,
}

impl WeightFiles {
    fn of(model: &ModelJson, json: Arc<JsonFile>, location: &Location) -> Result<Self> {
        let paths = model.files();
        paths.iter().try_for_each(|file| check_path(&file.path))?;
        let paths = paths.into_iter().map(|file| (file.path, file.integrity));
        Self::open(json, &location.directory, location, paths)
    }

    /// All weights are in the one file at `path`, whatever the manifest calls them.
    fn pair(
        model: &ModelJson,
        json: Arc<JsonFile>,
        path: &Path,
        location: &Location,
    ) -> Result<Self> {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "option `weights` is not the path of a file")
        })?;
        // A checksum covers the bytes, wherever they are now, if one file had them all.
        let integrity = match model.files().as_slice() {
            [only] => only.integrity,
            _ => None,
        };
        let paths = [(name.to_owned(), integrity)].into_iter();
        Self::open(json, &location::parent(path), location, paths)
    }

    fn open(
        json: Arc<JsonFile>,
        directory: &Path,
        location: &Location,
        paths: impl Iterator<Item = (String, Option<FileIntegrity>)>,
    ) -> Result<Self> {
        let dir = ModelDir::open(directory, location.symlinks)
            .map_err(on("open the directory", directory))?;
        let mut start = 0_u64;
        let files = paths
            .map(|(path, integrity)| {
                let (length, _) = dir.look_at(&path).map_err(|error| error.of_weights(&path))?;
                let file = WeightFile { path, start, length, integrity };
                start = start.checked_add(file.length).ok_or_else(|| {
                    Error::corrupt("the weight files are larger than a file can be")
                })?;
                Ok(file)
            })
            .collect::<Result<_>>()?;
        Ok(Self { files, dir, json })
    }

    /// How many bytes the files have together.
    pub(crate) fn byte_length(&self) -> u64 {
        self.files.last().map_or(0, |last| last.start + last.length)
    }

    /// Opens a file that still is the one that the manifest meant.
    pub(crate) fn open_file(&self, file: &WeightFile) -> Result<File> {
        let opened = self.dir.open_file(&file.path);
        // Asked after the file is open: from here on nobody can put another in its place.
        if !self.json.is_current() {
            return Err(replaced());
        }
        let opened = opened.map_err(|error| error.of_weights(&file.path))?;
        let length = opened.metadata().map_err(on("look at", &file.path))?.len();
        if length != file.length {
            let WeightFile { path, length: expected, .. } = file;
            return Err(Error::corrupt(format!(
                "weight file `{path}` has {length} bytes where {expected} were expected"
            )));
        }
        Ok(opened)
    }

    /// Compares the lengths of the files with what the manifest says.
    fn check_lengths(&self, model: &ModelJson) -> Result<()> {
        let lengths: Vec<u64> = self.files.iter().map(|file| file.length).collect();
        let files = model.files();
        if lengths.len() != files.len() {
            // A pair: one file has the bytes of all. The total is all that can be compared.
            let specs = model.artifacts.weight_specs.as_deref().unwrap_or_default();
            return io_manifest::check_specs(specs, self.byte_length());
        }
        model.check_lengths(&lengths).map_err(|error| match self.find_foreign() {
            Some((path, what)) => error.with_hint(format!("`{path}` is {what}")),
            None => error,
        })
    }

    /// The first weight file that is plainly something else: an error page, a pointer.
    fn find_foreign(&self) -> Option<(&str, &'static str)> {
        self.files.iter().find_map(|file| {
            let mut start = Vec::new();
            self.dir.open_file(&file.path).ok()?.take(512).read_to_end(&mut start).ok()?;
            Some((file.path.as_str(), describe_foreign(&start)?))
        })
    }
}

/// A JSON file that is held open, so that its identity cannot be given to another.
#[derive(Debug)]
pub(crate) struct JsonFile {
    path: PathBuf,
    handle: Handle,
    /// Its length and the time of its last change: others may write into the file itself.
    stamp: (u64, SystemTime),
}

impl JsonFile {
    pub(crate) fn read(location: &Location) -> Result<(Self, SystemTime, Vec<u8>)> {
        let path = location.json_path();
        let refused = |error| match error {
            Refusal::System(error) => missing_or(&path, error),
            other => other.of(&format!("`{}`", shown(&path))),
        };
        let dir = ModelDir::open(&location.directory, location.symlinks)
            .map_err(|error| missing_or(&path, error))?;
        let file = dir.open_file(&location.json).map_err(refused)?;
        // Asked before it is read: what is written meanwhile shows.
        let stamp = stamp(&file).map_err(on("look at", &path))?;
        if stamp.0 > MAX_JSON_BYTES {
            let message = format!("`{}` is larger than a model's JSON can be", shown(&path));
            return Err(Error::corrupt(message));
        }
        let mut text = Vec::new();
        (&file).take(MAX_JSON_BYTES).read_to_end(&mut text).map_err(on("read", &path))?;
        let handle = Handle::from_file(file).map_err(on("look at", &path))?;
        Ok((Self { path, handle, stamp }, stamp.1, text))
    }

    /// Whether the path still leads to this very file, and nobody has written into it.
    fn is_current(&self) -> bool {
        let unwritten = |now: &Handle| stamp(now.as_file()).is_ok_and(|now| now == self.stamp);
        Handle::from_path(&self.path).is_ok_and(|now| now == self.handle && unwritten(&now))
    }
}

fn stamp(file: &File) -> io::Result<(u64, SystemTime)> {
    let meta = file.metadata()?;
    Ok((meta.len(), meta.modified()?))
}

fn missing_or(path: &Path, error: io::Error) -> Error {
    if error.kind() != io::ErrorKind::NotFound {
        return on("read", path)(error);
    }
    let message = match path.parent() {
        Some(directory) if directory.is_dir() => {
            let name = Path::new(path.file_name().unwrap_or_default());
            format!("`{}` has no `{}`", shown(directory), shown(name))
        }
        _ => format!("`{}` does not exist", shown(path)),
    };
    Error::new(ErrorKind::NotFound, message)
}

/// The error of a reader who was overtaken by a saver.
pub(crate) fn replaced() -> Error {
    Error::new(ErrorKind::Conflict, "the model was replaced while it was read")
        .with_hint("try again")
}
