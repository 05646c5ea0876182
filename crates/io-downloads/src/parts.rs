//! Weights as the Blobs of their files, with a checksum of each.

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use io_core::{Error, ProgressMeter, Result, WeightStream, Weights};
use io_manifest::{Checksum, FileIntegrity, Shard};
use io_web::{JsPiece, JsWeights, copy_in, new_array, on};
use js_sys::Array;
use web_sys::{Blob, BlobPropertyBag};

/// The type of weight files, as TensorFlow.js has it.
const WEIGHTS_TYPE: &str = "application/octet-stream";

/// How much of a file is gathered before the browser gets it in one piece.
const PIECE_BYTES: u64 = 4 << 20;

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
    let given = weights.source_as::<JsWeights>();
    let mut pieces = Pieces { stream: weights.stream(), rest: Bytes::new() };
    let (mut parts, mut last) = (Vec::new(), 0);
    for Shard { name, range } in shards {
        // Before its first byte is summed: a Blob does not change any more.
        let ready = given.map(|given| blob_of(given, range.clone())).transpose()?;
        let mut gathered = BlobBuilder::default();
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
    join(&Array::of1(&array), kind)
}

fn blob_of(weights: &JsWeights, range: Range<u64>) -> Result<Blob> {
    let slice = weights.slice(range)?;
    let pieces: Array = slice.pieces().iter().map(JsPiece::as_js).collect();
    join(&pieces, WEIGHTS_TYPE)
}

/// One Blob of buffers, arrays and Blobs.
fn join(pieces: &Array, kind: &str) -> Result<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    // The name is that of one of several equal constructors.
    Blob::new_with_blob_sequence_and_options(pieces, &options)
        .map_err(on("the browser does not take the weights"))
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

/// A Blob in the making.
#[derive(Default)]
struct BlobBuilder {
    blobs: Array,
    arrays: Array,
    gathered: u64,
}

impl BlobBuilder {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let array = new_array(bytes.len() as u64)?;
        copy_in(&array, 0, bytes)?;
        self.arrays.push(&array);
        self.gathered += bytes.len() as u64;
        if self.gathered >= PIECE_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Gives the browser what is gathered.
    fn hand_over(&mut self) -> Result<()> {
        self.blobs.push(join(&self.arrays, WEIGHTS_TYPE)?.as_ref());
        (self.arrays, self.gathered) = (Array::new(), 0);
        Ok(())
    }

    fn finish(mut self) -> Result<Blob> {
        self.hand_over()?;
        join(&self.blobs, WEIGHTS_TYPE)
    }
}
