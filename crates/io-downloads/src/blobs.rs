//! Weights as the Blobs of their files, with a checksum of each.

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use io_core::{Error, ProgressMeter, Result, WeightStream, Weights};
use io_manifest::{Checksum, FileIntegrity, Shard};
use io_web::{
    BlobBuilder, JsPiece, JsWeights, ask_for_blob_room, check_blob, copy_in, join_blob, new_array,
};
use js_sys::Array;
use web_sys::Blob;

/// The type of weight files, as TensorFlow.js has it.
const WEIGHTS_TYPE: &str = "application/octet-stream";

/// A weight file.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) blob: Blob,
    pub(crate) integrity: FileIntegrity,
}

/// The files of `weights`, cut as `shards` say, which cover them.
///
/// All bytes pass by once, for the checksums. Those of JavaScript's own objects pass by only: the
/// Blobs are made of the objects. Others go into Blobs piece by piece, which the browser keeps, on
/// disk when they are large.
///
/// `meter` is told of all but the last bytes; how many these are is returned with the files.
///
/// # Errors
///
/// What the stream of the weights fails with; `OutOfMemory` when the browser takes no more.
pub(crate) async fn read(
    weights: &Weights,
    shards: Vec<Shard>,
    meter: &ProgressMeter,
) -> Result<(Vec<Part>, u64)> {
    ask_for_blob_room(weights.byte_length()).await;
    let given = weights.source_as::<JsWeights>();
    let mut pieces = Pieces { stream: weights.stream(), rest: Bytes::new() };
    let (mut parts, mut last) = (Vec::new(), 0);
    for Shard { name, range } in shards {
        // Before its first byte is summed: a Blob does not change any more.
        let ready = given.map(|given| blob_of(given, range.clone())).transpose()?;
        let mut gathered = BlobBuilder::new(WEIGHTS_TYPE);
        let mut checksum = Checksum::new();
        while let Some(bytes) =
            pieces.next(range.end - range.start - checksum.byte_length()).await?
        {
            meter.add(std::mem::replace(&mut last, bytes.len() as u64));
            checksum.update(&bytes);
            if ready.is_none() {
                gathered.push(&bytes)?;
            }
        }
        let blob = ready.map_or_else(|| gathered.finish(), Ok)?;
        // The browser would begin a download of it and drop it without a word.
        check_blob(&blob).await?;
        parts.push(Part { name, blob, integrity: checksum.integrity() });
    }
    pieces.end().await?;
    Ok((parts, last))
}

/// A Blob of `bytes`.
///
/// # Errors
///
/// `OutOfMemory` when the browser takes no more.
pub(crate) fn blob(bytes: &[u8], kind: &str) -> Result<Blob> {
    let array = new_array(bytes.len() as u64)?;
    copy_in(&array, 0, bytes)?;
    join_blob(&Array::of1(&array), kind)
}

fn blob_of(weights: &JsWeights, range: Range<u64>) -> Result<Blob> {
    let slice = weights.slice(range)?;
    let pieces: Array = slice.pieces().iter().map(JsPiece::as_js).collect();
    join_blob(&pieces, WEIGHTS_TYPE)
}

/// A stream that is asked for so many bytes at most.
struct Pieces {
    stream: WeightStream,
    /// What came with the bytes that were asked for.
    rest: Bytes,
}

impl Pieces {
    /// The next bytes, `most` at most; `None` when none are asked for.
    async fn next(&mut self, most: u64) -> Result<Option<Bytes>> {
        if most == 0 {
            return Ok(None);
        }
        while self.rest.is_empty() {
            let Some(bytes) = self.stream.next().await else {
                return Err(Error::corrupt("the weights ended early"));
            };
            self.rest = bytes?;
        }
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        Ok(Some(self.rest.split_to(length)))
    }

    /// Fails when there is more.
    async fn end(mut self) -> Result<()> {
        self.stream.next().await.map_or(Ok(()), |more| more.map(drop))
    }
}
