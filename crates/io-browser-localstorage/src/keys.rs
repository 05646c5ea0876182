//! The names of the keys, and which model a key belongs to.

use io_core::{Error, ErrorKind, ModelUrl, Result};

/// What the keys of TensorFlow.js begin with.
pub(crate) const PREFIX: &str = "tensorflowjs_models/";

/// The last segments of a model's keys, in the order in which TensorFlow.js writes them.
pub(crate) const SUFFIXES: [&str; 5] =
    ["info", "model_topology", "weight_specs", "weight_data", "model_metadata"];

/// The keys of one model.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    model: String,
    /// In the order of [`SUFFIXES`].
    pub(crate) names: [String; 5],
}

impl Keys {
    /// The keys of the model at `url`.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when the name is empty.
    pub(crate) fn new(url: &ModelUrl) -> Result<Self> {
        Self::of(url.rest())
    }

    /// The keys of the model of this name.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when the name is empty.
    pub(crate) fn of(model: &str) -> Result<Self> {
        if model.is_empty() {
            return Err(Error::new(ErrorKind::InvalidUrl, "the name of the model is empty"));
        }
        let names = SUFFIXES.map(|suffix| format!("{PREFIX}{model}/{suffix}"));
        Ok(Self { model: model.to_owned(), names })
    }

    /// The name of the model.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// The key by which a model is there or not.
    pub(crate) fn info(&self) -> &str {
        let [info, ..] = &self.names;
        info
    }

    /// The key of the weights.
    pub(crate) fn data(&self) -> &str {
        let [_, _, _, data, _] = &self.names;
        data
    }

    /// The other keys; the one by which a model is there comes last.
    pub(crate) fn small(&self) -> [&str; 4] {
        let [info, topology, specs, _, metadata] = &self.names;
        [topology, specs, metadata, info]
    }
}

/// The name of the model whose `info` this is the key of; `None` for every other key.
///
/// A key that looks like one but names no model is an error.
pub(crate) fn model_of(key: &str) -> Option<Result<&str>> {
    let path = key.strip_prefix(PREFIX)?;
    if path == "info" || path == "/info" {
        let message = "a key of local storage looks like a model's but names none";
        return Some(Err(Error::corrupt(message)));
    }
    path.strip_suffix("/info").map(Ok)
}
