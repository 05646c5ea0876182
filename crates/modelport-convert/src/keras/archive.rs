//! The zip of Keras 3, read.

use io_core::{Error, ErrorKind, ModelArtifacts, Result, Weights};
use serde::Deserialize;

use super::{
    artifacts,
    store::{self, Wanted},
};
use crate::{
    hdf5::Hdf5,
    report::{Change, Report},
    zip::Archive,
};

/// The members of an archive.
pub(super) const CONFIG: &str = "config.json";
pub(super) const METADATA: &str = "metadata.json";
pub(super) const WEIGHTS: &str = "model.weights.h5";

/// No configuration is as long as this.
const MAX_TEXT: u64 = 256 << 20;
/// What text and weights may unpack to, however little they take. A parsed list is many times as
/// large as its text.
pub(super) const FREE_TEXT: u64 = 4 << 20;
pub(super) const FREE_WEIGHTS: u64 = 64 << 20;

/// The model in a `.keras` file, with the variables of its optimizer when `include_optimizer` says so.
///
/// # Errors
///
/// `Corrupt` when it is damaged; `Unsupported` when it is another archive, or has what cannot be
/// converted.
pub(crate) async fn read_archive(
    bytes: Weights,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<ModelArtifacts> {
    let archive = Archive::open(bytes).await?;
    let config = text(&archive, CONFIG).await?.ok_or_else(|| {
        let error = Error::new(ErrorKind::Unsupported, "this archive is not one of Keras'");
        if archive.names().any(|name| name.ends_with("saved_model.pb")) {
            return error.with_hint("a SavedModel has to become `.keras` or `.h5` first");
        }
        error
    })?;
    // Not every writer has it.
    let metadata = text(&archive, METADATA).await?;
    let version = metadata.as_deref().and_then(version);
    for name in archive.names() {
        if ![CONFIG, METADATA, WEIGHTS].contains(&name) {
            report.add(Change::Dropped { key: name.to_owned() });
        }
    }
    let weights = archive
        .member(WEIGHTS, FREE_WEIGHTS)
        .await?
        .ok_or_else(|| Error::corrupt(format!("the archive has no `{WEIGHTS}`")))?;
    let wanted = Wanted::Layers { include_optimizer };
    let store = store::read(&Hdf5::open(weights).await?, wanted).await?;
    artifacts::of_store(store, Some((&config, version.as_deref())), report)
}

/// The text of the member `name`, if there is one.
///
/// # Errors
///
/// `Corrupt` when it is damaged, too long or not text.
pub(super) async fn text(archive: &Archive, name: &str) -> Result<Option<String>> {
    let Some(member) = archive.member(name, FREE_TEXT).await? else { return Ok(None) };
    if member.byte_length() > MAX_TEXT {
        return Err(Error::corrupt(format!("`{name}` is too long")));
    }
    let bytes = member.to_bytes().await?;
    // It may be long; nobody else keeps it.
    drop(member);
    String::from_utf8(bytes.into())
        .map(Some)
        .map_err(|error| Error::corrupt(format!("`{name}` is not text")).with_source(error))
}

/// The version of Keras that `metadata` names.
pub(super) fn version(metadata: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Metadata {
        keras_version: String,
    }
    serde_json::from_str(metadata).ok().map(|metadata: Metadata| metadata.keras_version)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_found_among_what_else_is_there() {
        let metadata = r#"{"date_saved": [1, {}], "keras_version": "3.10.0", "x": null}"#;
        assert_eq!(version(metadata).as_deref(), Some("3.10.0"));
        assert_eq!(version(r#"{"keras_version": 3}"#), None);
        assert_eq!(version("[]"), None);
    }
}
