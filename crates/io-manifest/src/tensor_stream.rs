//! Weights from a stream, tensor by tensor.

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use io_core::{BoxStream, Result, WeightSpec, WeightStream};

use crate::{TensorPiece, tensor_pieces, tensors::out_of_memory};

/// The weights of `specs`, whose bytes come from `stream` in pieces of any size, each with its bytes
/// as they are stored: make a [`Tensor`](crate::Tensor) of the two to decode them.
///
/// Memory is bounded by the largest weight and one piece, and grows with the bytes that arrive,
/// never with a number that announces them; [`tensor_pieces()`] needs less. Gives errors, and nothing
/// after the first: `Corrupt` when the specs are not sound, or there are too few or too many bytes;
/// `OutOfMemory` when a weight has no room; whatever the stream fails with. Too many bytes come to
/// light after the last weight, so read to the end.
pub fn tensor_stream(
    specs: Vec<WeightSpec>,
    stream: WeightStream,
) -> BoxStream<'static, Result<(WeightSpec, Bytes)>> {
    let pieces = tensor_pieces(specs.clone(), stream);
    let state = (specs.into_iter(), pieces);
    Box::pin(stream::try_unfold(state, |(mut specs, mut pieces)| async move {
        let Some(first) = pieces.try_next().await? else { return Ok(None) };
        let Some(spec) = specs.next() else { return Ok(None) };
        let stored = join(first, &mut pieces, &spec).await?;
        Ok(Some(((spec, stored), (specs, pieces))))
    }))
}

/// The bytes of one weight. Copies only what comes in several pieces.
async fn join(
    first: TensorPiece,
    pieces: &mut BoxStream<'static, Result<TensorPiece>>,
    spec: &WeightSpec,
) -> Result<Bytes> {
    if first.last {
        return Ok(first.stored);
    }
    let announced = spec.byte_length()?.and_then(|bytes| usize::try_from(bytes).ok());
    let mut joined = Vec::new();
    let mut next = Some(first);
    while let Some(TensorPiece { stored, last, .. }) = next {
        if joined.capacity() - joined.len() < stored.len() {
            // Twice what has arrived, but no more than is announced.
            let announced = announced.unwrap_or(usize::MAX).saturating_sub(joined.len());
            let room = joined.len().max(stored.len()).min(announced.max(stored.len()));
            joined.try_reserve_exact(room).map_err(out_of_memory)?;
        }
        joined.extend_from_slice(&stored);
        next = if last { None } else { pieces.try_next().await? };
    }
    Ok(joined.into())
}
