//! How long the weight files are, asked for only where the model file does not say.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use io_core::{Error, Result, WeightSpec};
use io_manifest::{FileIntegrity, ModelJson};

use crate::{
    ask::Ask,
    cache::Cached,
    platform::{ASKS_IDENTITY, Transport, Url},
    resolve::{given_url, weight_url},
    response::{Extent, Version},
    retry::Failure,
    weight_file::{Role, WeightFile, subject},
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
    let role = if files.len() == 1 { Role::Weights } else { Role::Shard };
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
                        let most = group_bytes(model, file.group)?;
                        let subject = subject(&file.path);
                        let (length, version) = probe(transport, &url, &subject, most).await?;
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
        let placed = WeightFile::new(
            (&file.path, role),
            url,
            (start, length),
            (integrity, verify),
            (sum, version),
        );
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
    byte_length(model.artifacts.weight_specs.iter().flatten())
}

/// The most bytes that a file of the group can have; `None` where there are strings.
fn group_bytes(model: &ModelJson, group: usize) -> Result<Option<u64>> {
    let group = model.groups.iter().flatten().nth(group);
    byte_length(group.into_iter().flat_map(|group| &group.weights))
}

/// The most bytes that the weight file `path` can have; `None` where the model file does not tell.
pub(crate) fn most_bytes(model: &ModelJson, path: &str) -> Result<Option<u64>> {
    let file = model.files().into_iter().find(|file| file.path == path);
    file.map_or(Ok(None), |file| group_bytes(model, file.group))
}

fn byte_length<'a>(specs: impl Iterator<Item = &'a WeightSpec>) -> Result<Option<u64>> {
    let mut sum = Some(0_u64);
    for spec in specs {
        let own = spec.byte_length()?;
        sum = sum.zip(own).and_then(|(sum, own)| sum.checked_add(own));
    }
    Ok(sum)
}

/// The most bytes that are counted of a file whose length nothing tells.
pub(crate) const MAX_COUNTED_BYTES: u64 = 16 << 30;

/// The length and the version of the file at `url`. One whose length the server does not tell is
/// read to count its bytes, `most` of them; `subject` begins messages.
///
/// # Errors
///
/// - `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
/// - `Corrupt`: the server sends more bytes than that.
pub(crate) async fn probe(
    transport: &Transport,
    url: &Url,
    subject: &str,
    most: Option<u64>,
) -> Result<(u64, Version)> {
    if transport.options.is_offline()
        && let Some(copy) = Cached::find(transport, url).await
    {
        return Ok((copy.integrity().bytes, copy.version().clone()));
    }
    let most = most.unwrap_or(MAX_COUNTED_BYTES);
    let mut tries = transport.tries();
    loop {
        match try_probe(transport, url, most).await {
            Ok(found) => return Ok(found),
            Err(failure) => transport.pause(&mut tries, failure.about(subject)).await?,
        }
    }
}

async fn try_probe(transport: &Transport, url: &Url, most: u64) -> Result<(u64, Version), Failure> {
    // From the first byte on is all, and asking for a range rules out a compressed body, which a
    // browser cannot do in another way.
    let all = Ask { range: Some((0, None)), ..Ask::WEIGHTS };
    let all = if ASKS_IDENTITY { Ask::WEIGHTS } else { all };
    // What a page has made itself (`blob:`) does not do `HEAD`.
    if matches!(url.scheme(), "http" | "https") {
        let head = transport.request(Method::HEAD, url, all).await?.head;
        let is_all = match head.extent(all.range.is_some()) {
            Extent::Whole => true,
            // A page may not be shown that the range is the whole.
            Extent::Part => all.range.is_some(),
            Extent::Nothing => false,
        };
        if let Some(length) = head.content_length().filter(|_| is_all) {
            return Ok((length, head.version()));
        }
    }
    // Some servers do not do `HEAD`, and a signed URL is often good for `GET` only.
    let first = Ask { range: Some((0, Some(0))), ..Ask::WEIGHTS };
    let mut reply = transport.request(Method::GET, url, first).await?;
    let version = reply.head.version();
    let extent = reply.head.extent(true);
    let length = match (extent, reply.head.status) {
        (Extent::Whole, _) => reply.head.content_length(),
        (Extent::Part, _) => reply.head.total_length(),
        (_, 416) if reply.head.get("content-range") == Some("bytes */0") => Some(0),
        _ => return Err(reply.failure("the server").await),
    };
    if let Some(length) = length {
        return Ok((length, version));
    }
    if extent == Extent::Part {
        reply = transport.request(Method::GET, url, Ask::WEIGHTS).await?;
        match reply.head.extent(false) {
            Extent::Whole => {}
            Extent::Part => {
                let message = "the server sent a part though all of it was requested";
                return Err(Failure { retry: true, ..Error::corrupt(message).into() });
            }
            Extent::Nothing => return Err(reply.failure("the server").await),
        }
    }
    // A server that never says: counting is the only way.
    let mut length = 0_u64;
    while let Some(chunk) = reply.chunk().await? {
        length = length.saturating_add(chunk.len() as u64);
        if length > most {
            return Err(too_long(most).into());
        }
    }
    Ok((length, version))
}

/// A body that goes on behind all that can be right.
pub(crate) fn too_long(most: u64) -> Error {
    Error::corrupt(format!("the server sent more than {most} bytes, the most that it can have"))
}
