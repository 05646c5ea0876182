//! From a URL to the directory and the JSON file of a model.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Symlinks,
    error::{on, shown},
};
use io_core::{Error, ErrorKind, ModelUrl, Result};

/// The name of the JSON file in a model's directory, as tfjs-node has it.
pub(crate) const MODEL_JSON: &str = "model.json";

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The directory; weight paths are relative to it and never leave it.
    pub(crate) directory: PathBuf,
    /// The name of the JSON file in it.
    pub(crate) json: String,
    /// Whether links of its files are followed out of the directory.
    pub(crate) symlinks: Symlinks,
}

impl Location {
    /// Reads the path of `url`, without looking at what is there.
    pub(crate) fn new(url: &ModelUrl) -> Result<Self> {
        let invalid = |why: &str| Error::new(ErrorKind::InvalidUrl, why);
        let path = Path::new(url.rest());
        if url.rest().is_empty() {
            return Err(invalid("the path is empty"));
        }
        if url.rest().contains('\0') {
            return Err(invalid("the path has a NUL character"));
        }
        let names_json = path.extension().is_some_and(|extension| extension == "json")
            && !url.rest().ends_with('/');
        let json = path.file_name().and_then(OsStr::to_str).filter(|_| names_json);
        Ok(match json {
            Some(json) => Self::of(parent(path), json),
            None => Self::of(path.to_owned(), MODEL_JSON),
        })
    }

    /// The model of the JSON file `json` in `directory`.
    pub(crate) fn of(directory: PathBuf, json: &str) -> Self {
        Self { directory, json: json.to_owned(), symlinks: Symlinks::default() }
    }

    pub(crate) fn with_symlinks(self, symlinks: Symlinks) -> Self {
        Self { symlinks, ..self }
    }

    /// Where to save: as [`new`](Self::new), but a directory may be called `x.json`.
    pub(crate) fn for_save(url: &ModelUrl) -> Result<Self> {
        let path = Path::new(url.rest());
        let location = Self::new(url)?;
        if location.directory != path && path.is_dir() {
            return Ok(Self::of(path.to_owned(), MODEL_JSON));
        }
        Ok(location)
    }

    /// Where something is: as [`for_save`](Self::for_save), but the JSON file may be called
    /// anything.
    pub(crate) fn find(url: &ModelUrl) -> Result<Self> {
        let path = Path::new(url.rest());
        let location = Self::for_save(url)?;
        match path.file_name().and_then(OsStr::to_str) {
            Some(name) if location.directory == path && path.is_file() => {
                Ok(Self::of(parent(path), name))
            }
            _ => Ok(location),
        }
    }

    /// The directory in which models are listed or leftovers are found.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, `InvalidUrl` when the path is that of something else.
    pub(crate) fn root(url: &ModelUrl) -> Result<PathBuf> {
        Self::new(url)?;
        let path = Path::new(url.rest());
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => Ok(path.to_owned()),
            Ok(_) => {
                let message = format!("`{}` is not a directory", shown(path));
                let error = Error::new(ErrorKind::InvalidUrl, message);
                Err(error.with_hint("name the directory that the models are in"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("the directory `{}` does not exist", shown(path));
                Err(Error::new(ErrorKind::NotFound, message))
            }
            Err(error) => Err(on("look at", path)(error)),
        }
    }

    /// The path of the JSON file.
    pub(crate) fn json_path(&self) -> PathBuf {
        self.directory.join(&self.json)
    }

    /// The name of the weight file when there is one: `weights.bin` beside `model.json`, as
    /// tfjs-node has it, and `x.weights.bin` beside `x.json`, as TensorFlow.js downloads have it.
    pub(crate) fn weights_name(&self) -> String {
        match self.json.strip_suffix(".json") {
            Some(stem) if self.json != MODEL_JSON => format!("{stem}.weights.bin"),
            _ => "weights.bin".to_owned(),
        }
    }

    /// The URL that loads this model.
    pub(crate) fn url(&self) -> Result<ModelUrl> {
        let path = if self.json == MODEL_JSON { self.directory.clone() } else { self.json_path() };
        url_of(&path)
    }
}

/// The URL of a path.
pub(crate) fn url_of(path: &Path) -> Result<ModelUrl> {
    let text = path.to_str().ok_or_else(|| {
        Error::new(ErrorKind::InvalidUrl, format!("`{}` is not UTF-8", shown(path)))
    })?;
    ModelUrl::new("file", text)
}

/// The directory that a file is in; `.` when its path says none.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::Location;
    use io_core::{ErrorKind, ModelUrl};

    fn location(url: &str) -> (String, String, String) {
        let found = Location::new(&ModelUrl::parse(url).unwrap()).unwrap();
        let weights = found.weights_name();
        (found.directory.to_str().unwrap().to_owned(), found.json, weights)
    }

    #[test]
    fn urls_name_a_directory_or_a_json_file() {
        for (url, directory, json, weights) in [
            ("file:///a/m", "/a/m", "model.json", "weights.bin"),
            ("file:///a/m/", "/a/m/", "model.json", "weights.bin"),
            ("file:///a/m/model.json", "/a/m", "model.json", "weights.bin"),
            ("file:///a/m/x.json", "/a/m", "x.json", "x.weights.bin"),
            ("file:///a/x.json/", "/a/x.json/", "model.json", "weights.bin"),
            ("file://m", "m", "model.json", "weights.bin"),
            ("file://./m", "./m", "model.json", "weights.bin"),
            ("file://model.json", ".", "model.json", "weights.bin"),
            ("file:///a%20b", "/a%20b", "model.json", "weights.bin"),
        ] {
            let found = location(url);
            assert_eq!(found, (directory.into(), json.into(), weights.into()), "{url}");
        }
    }

    #[test]
    fn refuses_paths_that_no_file_can_have() {
        for url in ["file://", "file:///a\0b"] {
            let error = Location::new(&ModelUrl::parse(url).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidUrl);
        }
    }
}
