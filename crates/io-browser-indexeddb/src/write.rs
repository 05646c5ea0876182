//! The weights of a save, into one buffer or piece by piece.

use futures::StreamExt;
use io_core::{HandlerOptions, ProgressMeter, Result, Weights};
use io_manifest::{Checksum, FileIntegrity};
use io_web::{Gathered, JsPiece, JsWeights, ask_for_blob_room, copy_in, gather, new_array};
use js_sys::Array;

use crate::{
    layout::{Layout, piece_bytes},
    pieces::Pieces,
    record::Data,
};

/// Weights that only want a record.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) data: Data,
    /// Missing where the bytes never came by.
    pub(crate) integrity: Option<FileIntegrity>,
    /// The pieces, where there are any, until they belong to a model.
    pub(crate) pieces: Option<Pieces>,
    /// How many bytes progress has not been told of: they count when the model is stored.
    pub(crate) last: u64,
}

/// Reads `weights`, all of them: a transaction would not wait.
///
/// # Errors
///
/// - `OutOfMemory` when the browser does not give that much.
/// - What the stream fails with, and what the browser throws when it stores a piece.
pub(crate) async fn write(
    weights: &Weights,
    layout: Layout,
    options: &HandlerOptions,
    meter: &ProgressMeter,
) -> Result<Written> {
    let total = weights.byte_length();
    ask_for_blob_room(total).await;
    let here = weights.source_as::<JsWeights>();
    if total == 0 || !layout.is_in_pieces(total) {
        return match here {
            Some(here) => {
                let data = Data::Buffer(here.to_array_buffer().await?);
                Ok(Written { data, integrity: None, pieces: None, last: total })
            }
            None => {
                let Gathered { array, integrity, last } = gather(weights, meter).await?;
                let (data, integrity) = (Data::Buffer(array.buffer()), Some(integrity));
                Ok(Written { data, integrity, pieces: None, last })
            }
        };
    }
    let size = piece_bytes(options, total)?.get();
    match here {
        Some(here) => from_objects(here, size, meter).await,
        None => from_stream(weights, size, meter).await,
    }
}

/// The same weights in pieces, after one record was too much; `None` when they are in pieces already.
///
/// # Errors
///
/// What the browser throws when it stores a piece.
pub(crate) async fn in_pieces(
    whole: &Written,
    options: &HandlerOptions,
) -> Result<Option<Written>> {
    let Data::Buffer(buffer) = &whole.data else { return Ok(None) };
    let weights = JsWeights::new([JsPiece::Buffer(buffer.clone())]);
    let total = weights.byte_length();
    // Progress has been told of these bytes.
    let silent = ProgressMeter::new(None, total);
    let written = from_objects(&weights, piece_bytes(options, total)?.get(), &silent).await?;
    Ok(Some(Written { integrity: whole.integrity, last: whole.last, ..written }))
}

/// Bytes that are in JavaScript stay there.
async fn from_objects(weights: &JsWeights, size: u64, meter: &ProgressMeter) -> Result<Written> {
    let weights = weights.verified().await?;
    let (total, mut start, mut last) = (weights.byte_length(), 0_u64, 0);
    let mut pieces = Pieces::begin().await?;
    while start < total {
        let end = start.saturating_add(size).min(total);
        let parts = weights.slice(start..end)?;
        pieces.push(parts.pieces().iter().map(JsPiece::as_js).collect()).await?;
        meter.add(std::mem::replace(&mut last, end - start));
        start = end;
    }
    let data = Data::Pieces(pieces.pointer().await?);
    Ok(Written { data, integrity: None, pieces: Some(pieces), last })
}

/// Of two buffers one is filled while the other is stored, again and again; a Blob takes a copy.
async fn from_stream(weights: &Weights, size: u64, meter: &ProgressMeter) -> Result<Written> {
    let bytes = size.min(weights.byte_length());
    let mut arrays = [new_array(bytes)?, new_array(bytes)?];
    let (mut stream, mut checksum, mut last) = (weights.stream(), Checksum::new(), 0);
    let (mut pieces, mut filled) = (Pieces::begin().await?, 0_usize);
    while let Some(bytes) = stream.next().await {
        let mut bytes = bytes?;
        checksum.update(&bytes);
        let length = bytes.len() as u64;
        while !bytes.is_empty() {
            let [array, _] = &arrays;
            let room = array.length() as usize;
            let part = bytes.split_to(bytes.len().min(room - filled));
            copy_in(array, filled as u64, &part)?;
            filled += part.len();
            if filled == room {
                pieces.push(Array::of1(array)).await?;
                arrays.reverse();
                filled = 0;
            }
        }
        meter.add(std::mem::replace(&mut last, length));
    }
    if filled > 0 {
        let [array, _] = &arrays;
        // It is at most the length of the array, which is a `u32`.
        let end = u32::try_from(filled).unwrap_or_else(|_| array.length());
        pieces.push(Array::of1(&array.subarray(0, end))).await?;
    }
    let (data, integrity) = (Data::Pieces(pieces.pointer().await?), Some(checksum.integrity()));
    Ok(Written { data, integrity, pieces: Some(pieces), last })
}
