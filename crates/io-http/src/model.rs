//! The model file: read once, and asked for again to see whether it is still the same.

use std::sync::Arc;

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result};
use io_manifest::{Checksum, FileIntegrity, ModelJson, describe_foreign, foreign_hint};

use crate::{
    ask::Ask,
    cache::{Cached, Tee},
    error::changed,
    platform::{Transport, Url},
    resolve::base_after_redirects,
    retry::Failure,
    weight_file::SecretUrl,
};

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
    let Answer { text, etag, base } = answer(transport, url).await.map_err(|error| {
        let names_a_file = url.path().ends_with(".json");
        if error.kind() == ErrorKind::NotFound && !names_a_file {
            error.with_hint("the URL of a model is that of its `model.json`")
        } else {
            error
        }
    })?;
    let model = ModelJson::parse(&text).map_err(|error| {
        match describe_foreign(&text).filter(|what| *what != "a JSON document") {
            Some(what) => {
                Error::corrupt(format!("the server sent {what} in place of a model file"))
                    .with_hint(
                        foreign_hint(&text)
                            .unwrap_or("the URL of a model is that of its `model.json`"),
                    )
            }
            None => error,
        }
    })?;
    let file = ModelFile { url: SecretUrl(url.clone()), etag, text: sum(&text) };
    Ok((model, file, base))
}

/// The text of a model file, its `ETag`, and what its paths are relative to.
struct Answer {
    text: Vec<u8>,
    etag: Option<String>,
    base: Url,
}

/// From the server, or from the cache where the server says that it is the same.
async fn answer(transport: &Transport, url: &Url) -> Result<Answer> {
    let copy = Cached::find(transport, url).await;
    if let Some(copy) = copy.as_ref().filter(|_| transport.options.is_offline())
        && let Some(text) = copy.text().await
    {
        let etag = copy.version().etag.clone();
        let base = copy.base().and_then(|path| url.join(path).ok());
        return Ok(Answer { text, etag, base: base.unwrap_or_else(|| url.clone()) });
    }
    let (if_none_match, if_modified_since) =
        copy.as_ref().map(|copy| copy.version().as_condition()).unwrap_or_default();
    let ask = Ask { if_none_match, if_modified_since, ..Ask::default() };
    let (mut head, mut text, mut last) = transport.get_all(url, ask, "the server").await?;
    if head.status == 304 {
        let kept = match &copy {
            Some(copy) => copy.text().await,
            None => None,
        };
        if let (Some(copy), Some(kept)) = (&copy, kept) {
            copy.used(copy.model()).await;
            let etag = copy.version().etag.clone();
            return Ok(Answer { text: kept, etag, base: base_after_redirects(url, last) });
        }
        // The copy was damaged, or the server answers what was not asked.
        (head, text, last) = transport.get_all(url, Ask::default(), "the server").await?;
    }
    let etag = head.get("etag").map(str::to_owned);
    let base = base_after_redirects(url, last);
    if head.may_be_kept()
        && let Some(mut tee) = Tee::start(transport, url).await
        && tee.write(&Bytes::from(text.clone())).await
    {
        let moved = (base.path() != url.path()).then(|| base.path().to_owned());
        let integrity = sum(&text);
        tee.commit(head.version(), integrity, (integrity.crc64nvme, moved)).await;
    }
    Ok(Answer { text, etag, base })
}

impl ModelFile {
    /// The checksum of its text, which tells it from others.
    pub(crate) fn sum(&self) -> u64 {
        self.text.crc64nvme
    }

    /// Asks the server whether the file is still the one that was read. Where it knows no `ETag`,
    /// the text is compared: a date that counts seconds cannot tell two saves of one second.
    ///
    /// A server that refuses to answer says nothing of a change: a signed URL may be good for a while
    /// or for one time, and what it gave was whole.
    ///
    /// # Errors
    ///
    /// `Conflict` when it is another one, or gone; else what stands in the way of asking.
    pub(crate) async fn check_unchanged(&self, transport: &Transport) -> Result<()> {
        if transport.options.is_offline() {
            // What the cache has belongs to this model file.
            return Ok(());
        }
        let ask = Ask { fresh: true, if_none_match: self.etag.as_deref(), ..Ask::default() };
        let mut tries = transport.tries();
        let same = loop {
            match transport.try_get_all(&self.url.0, ask, "the server").await {
                Ok((head, ..)) if head.status == 304 => break true,
                Ok((_, text, _)) => break sum(&text) == self.text,
                Err(failure) => match self.verdict(&failure) {
                    Some(same) => break same,
                    None => transport.pause(&mut tries, failure).await?,
                },
            }
        };
        if same { Ok(()) } else { Err(changed("the model file")) }
    }

    /// What a response that has no model file says of it: whether it is the same, or nothing.
    fn verdict(&self, failure: &Failure) -> Option<bool> {
        match failure.status {
            // A URL with a query may be one that has been used up.
            Some(404 | 410) => Some(self.url.0.query().is_some()),
            Some(408 | 429) => None,
            Some(400..500) => Some(true),
            // A page is not told the status.
            None if failure.error.kind() == ErrorKind::PermissionDenied => Some(true),
            _ => None,
        }
    }
}

fn sum(text: &[u8]) -> FileIntegrity {
    let mut checksum = Checksum::new();
    checksum.update(text);
    checksum.integrity()
}
