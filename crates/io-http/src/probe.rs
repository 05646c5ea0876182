//! How long the weight files are, asked for only where the model file does not say.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use io_core::{Error, Result};
use io_manifest::{FileIntegrity, ModelJson};

use crate::{
    ask::Ask,
    cache::Cached,
    platform::{ASKS_IDENTITY, Transport, Url},
    resolve::{given_url, weight_url},
    response::{Version, shown},
    retry::Failure,
    weight_file::{WeightFile, subject},
};

/// The weight files of `model`, each with its length. `sum` is that of the model file.
///
/// One request a file where it has no integrity entry: for its length, and for its version, without
/// which the files of two saves could be mixed. A model of one such file needs none when the specs
/// tell its length.
///
/// # Errors
///
/// - `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
/// - `Corrupt`: a path leaves the model's place, or lengths and specs do not fit.
pub(crate) async fn weight_files(
    transport: &Transport,
    (model_url, sum): (&Url, u64),
    model: &ModelJson,
    verify: bool,
) -> Result<Vec<Arc<WeightFile>>> {
    let files = model.files();
    let alone = if files.len() == 1 { length_by_specs(model)? } else { None };
    let found: Vec<(Url, u64, Option<Version>, Option<FileIntegrity>)> =
        stream::iter(files.clone())
            .map(|file| async move {
                let url = locate(transport, model_url, &file.path).await?;
                let known = file.integrity.map(|integrity| integrity.bytes).or(alone);
                let integrity = file.integrity;
                match known {
                    Some(length) => Ok((url, length, None, integrity)),
                    None => {
                        let (length, version) = probe(transport, &url, &file.path).await?;
                        Ok::<_, Error>((url, length, Some(version), integrity))
                    }
                }
            })
            .buffered(transport.options.parallel.get())
            .try_collect()
            .await?;
    let lengths: Vec<u64> = found.iter().map(|(_, length, ..)| *length).collect();
    model.check_lengths(&lengths)?;
    let mut start = 0_u64;
    let files = files.into_iter().zip(found).map(|(file, (url, length, version, integrity))| {
        let placed =
            WeightFile::new(&file.path, url, (start, length), (integrity, verify), (sum, version));
        start = start
            .checked_add(length)
            .ok_or_else(|| Error::corrupt("the weights are longer than can be"))?;
        Ok(Arc::new(placed))
    });
    files.collect()
}

/// The URL of the weight file `path`.
///
/// # Errors
///
/// `Corrupt` when the path leaves the model's place; what the caller's own function fails with.
pub(crate) async fn locate(transport: &Transport, model_url: &Url, path: &str) -> Result<Url> {
    match &transport.options.weight_url {
        Some(own) => given_url(model_url, &(own.0)(path).await?),
        None => weight_url(model_url, path, transport.options.weight_path_prefix.as_deref()),
    }
}

/// The length of the weights by their specs; `None` where there are strings.
fn length_by_specs(model: &ModelJson) -> Result<Option<u64>> {
    let mut sum = Some(0_u64);
    for spec in model.artifacts.weight_specs.iter().flatten() {
        let own = spec.byte_length()?;
        sum = sum.zip(own).and_then(|(sum, own)| sum.checked_add(own));
    }
    Ok(sum)
}

/// The length and the version of the weight file `path`, which is at `url`.
///
/// # Errors
///
/// `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
pub(crate) async fn probe(transport: &Transport, url: &Url, path: &str) -> Result<(u64, Version)> {
    if transport.options.is_offline()
        && let Some(copy) = Cached::find(transport, url).await
    {
        return Ok((copy.integrity().bytes, copy.version().clone()));
    }
    let subject = subject(&shown(path));
    let mut tries = transport.tries();
    loop {
        match try_probe(transport, url).await {
            Ok(found) => return Ok(found),
            Err(failure) => transport.pause(&mut tries, failure.about(&subject)).await?,
        }
    }
}

async fn try_probe(transport: &Transport, url: &Url) -> Result<(u64, Version), Failure> {
    // From the first byte on is all, and asking for a range rules out a compressed body, which a
    // browser cannot do in another way.
    let all = Ask { range: Some((0, None)), ..Ask::WEIGHTS };
    let all = if ASKS_IDENTITY { Ask::WEIGHTS } else { all };
    // What a page has made itself (`blob:`) does not do `HEAD`.
    if matches!(url.scheme(), "http" | "https") {
        let head = transport.request(Method::HEAD, url, all).await?.head;
        if let (200 | 206, Some(length)) = (head.status, head.content_length())
            && head.check_encoding().is_ok()
        {
            return Ok((length, head.version()));
        }
    }
    // Some servers do not do `HEAD`, and a signed URL is often good for `GET` only.
    let first = Ask { range: Some((0, Some(0))), ..Ask::WEIGHTS };
    let mut reply = transport.request(Method::GET, url, first).await?;
    reply.head.check_encoding()?;
    let version = reply.head.version();
    let length = match reply.head.status {
        206 => reply.head.content_range().and_then(|(.., total)| total),
        416 if reply.head.get("content-range") == Some("bytes */0") => Some(0),
        200 => reply.head.content_length(),
        _ => return Err(reply.failure("the server").await),
    };
    if let Some(length) = length {
        return Ok((length, version));
    }
    if reply.head.status == 206 {
        reply = transport.request(Method::GET, url, Ask::WEIGHTS).await?;
        if reply.head.status != 200 {
            return Err(reply.failure("the server").await);
        }
    }
    // A server that never says: counting is the only way.
    let mut length = 0_u64;
    while let Some(chunk) = reply.chunk().await? {
        length = length.saturating_add(chunk.len() as u64);
    }
    Ok((length, version))
}
