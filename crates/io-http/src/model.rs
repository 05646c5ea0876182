//! The model file: read once, and asked for again to see whether it is still the same.

use std::sync::Arc;

use io_core::{Error, Result};
use io_manifest::{Checksum, FileIntegrity, ModelJson, describe_foreign};
use url::Url;

use crate::{ask::Ask, error::changed, platform::Transport, resolve, weight_file::SecretUrl};

/// Which model file was read.
#[derive(Clone, Debug)]
pub(crate) struct ModelFile {
    url: SecretUrl,
    etag: Option<String>,
    text: FileIntegrity,
}

/// Reads the model file at `url`, and gives the URL that its paths are relative to.
///
/// # Errors
///
/// - `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
/// - `Corrupt`: what is there is not a model file.
pub(crate) async fn read(
    transport: &Arc<Transport>,
    url: &Url,
) -> Result<(ModelJson, ModelFile, Url)> {
    let (head, text, last) =
        transport.get_all(url, Ask::default(), "the server").await.map_err(|error| {
            let names_a_file = url.path().ends_with(".json");
            if error.kind() == io_core::ErrorKind::NotFound && !names_a_file {
                error.with_hint("the URL of a model is that of its `model.json`")
            } else {
                error
            }
        })?;
    let model = ModelJson::parse(&text).map_err(|error| {
        match describe_foreign(&text).filter(|what| *what != "a JSON document") {
            Some(what) => {
                Error::corrupt(format!("the server sent {what} in place of a model file"))
                    .with_hint("the URL of a model is that of its `model.json`")
                    .with_source(error)
            }
            None => error,
        }
    })?;
    let etag = head.get("etag").map(str::to_owned);
    let file = ModelFile { url: SecretUrl(url.clone()), etag, text: sum(&text) };
    Ok((model, file, resolve::base_after_redirects(url, last)))
}

impl ModelFile {
    /// Asks the server whether the file is still the one that was read. Where it knows no `ETag`,
    /// the text is compared: a date that counts seconds cannot tell two saves of one second.
    ///
    /// # Errors
    ///
    /// `Conflict` when it is another one, or gone; else what stands in the way of asking.
    pub(crate) async fn check_unchanged(&self, transport: &Transport) -> Result<()> {
        let ask = Ask { fresh: true, if_none_match: self.etag.as_deref(), ..Ask::default() };
        let asked = transport.get_all(&self.url.0, ask, "the server").await;
        let same = match asked {
            Ok((head, ..)) if head.status == 304 => true,
            Ok((_, text, _)) => sum(&text) == self.text,
            Err(error) if error.kind() == io_core::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if same { Ok(()) } else { Err(changed("the model file")) }
    }
}

fn sum(text: &[u8]) -> FileIntegrity {
    let mut checksum = Checksum::new();
    checksum.update(text);
    checksum.integrity()
}
