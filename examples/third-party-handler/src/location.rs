//! From a URL to a file and the name of a model.

use std::path::PathBuf;

use io_core::{Error, ErrorKind, ModelUrl, Result};

/// A place in a database: one model, or the models whose names begin so.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
}

const MODEL: &str = "?model=";

impl Location {
    /// The place of a store: the name may be empty.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when no file is named, or a parameter other than `model`.
    pub(crate) fn of_store(url: &ModelUrl) -> Result<Self> {
        let (file, name) = url.rest().split_once(MODEL).unwrap_or((url.rest(), ""));
        if file.is_empty() || file.contains('\0') || file.contains('?') {
            let message = "the URL does not name a database file";
            return Err(Error::new(ErrorKind::InvalidUrl, message).with_hint(HINT));
        }
        Ok(Self { file: file.into(), name: name.to_owned() })
    }

    /// The place of a model.
    ///
    /// # Errors
    ///
    /// Those of [`of_store`](Self::of_store); `InvalidUrl` when the name is empty.
    pub(crate) fn of_model(url: &ModelUrl) -> Result<Self> {
        let location = Self::of_store(url)?;
        if location.name.is_empty() {
            let message = "the URL does not name a model";
            return Err(Error::new(ErrorKind::InvalidUrl, message).with_hint(HINT));
        }
        Ok(location)
    }

    /// The URL of the model `name` in the same file.
    ///
    /// # Errors
    ///
    /// None in practice: the scheme was parsed before.
    pub(crate) fn url(root: &ModelUrl, name: &str) -> Result<ModelUrl> {
        let file = root.rest().split_once(MODEL).map_or(root.rest(), |(file, _)| file);
        ModelUrl::new(root.scheme(), &format!("{file}{MODEL}{name}"))
    }
}

const HINT: &str = "a model's URL looks like `sqlite:///path/to/models.db?model=name`";
