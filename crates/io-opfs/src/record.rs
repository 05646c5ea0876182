//! The text of a model: a line of ours, then the `model.json` of TensorFlow.js.

use io_core::{Error, ModelArtifactsInfo, Result};
use serde::{Deserialize, Serialize};

/// What is stored of a model but its weights.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) head: Head,
    /// The `model.json`.
    pub(crate) json: String,
}

/// The line of ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) info: ModelArtifactsInfo,
    /// The file with the weights, if the model has any.
    pub(crate) weights: Option<String>,
}

impl Record {
    /// # Errors
    ///
    /// `InvalidInput` when the line cannot be written.
    pub(crate) fn to_text(&self) -> Result<String> {
        let head = io_core::Json::new(&self.head)?;
        Ok(format!("{}\n{}", head.get(), self.json))
    }

    /// # Errors
    ///
    /// `Corrupt` when it is no such text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let corrupt = || Error::corrupt("the file of the model is not one that modelport wrote");
        let (head, json) = text.split_once('\n').ok_or_else(corrupt)?;
        let head = serde_json::from_str(head).map_err(|error| corrupt().with_source(error))?;
        Ok(Self { head, json: json.to_owned() })
    }
}
