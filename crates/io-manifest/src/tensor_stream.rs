//! Weights from a stream, tensor by tensor.

use bytes::{Buf, Bytes};
use futures::{TryStreamExt, stream};
use io_core::{BoxStream, Error, Result, WeightSpec, WeightStream};

use crate::{
    describe_foreign, specs,
    tensors::{ends_early, out_of_memory, surplus},
};

/// The weights of `specs`, whose bytes come from `stream` in pieces of any size, each with its bytes
/// as they are stored: make a [`Tensor`](crate::Tensor) of the two to decode them.
///
/// Memory is bounded by the largest weight and one piece, and grows with the bytes that arrive,
/// never with a number that announces them. Gives errors, and nothing after the first: `Corrupt`
/// when the specs are not sound, or there are too few or too many bytes; `OutOfMemory` when a weight
/// has no room; whatever the stream fails with. Too many bytes come to light after the last weight,
/// so read to the end.
pub fn tensor_stream(
    specs: Vec<WeightSpec>,
    stream: WeightStream,
) -> BoxStream<'static, Result<(WeightSpec, Bytes)>> {
    let checked = specs::check_all(&specs);
    let reader = Reader { stream, piece: Bytes::new(), begins_like: None, begun: false };
    let state = (checked.map(|_| ()), specs.into_iter(), reader);
    Box::pin(stream::try_unfold(state, |(checked, mut specs, mut reader)| async move {
        checked?;
        match specs.next() {
            Some(spec) => {
                let stored = reader.tensor(&spec).await?;
                Ok(Some(((spec, stored), (Ok(()), specs, reader))))
            }
            None if reader.refill().await? => Err(reader.hint(surplus(reader.piece.len() as u64))),
            None => Ok(None),
        }
    }))
}

struct Reader {
    stream: WeightStream,
    /// What of the last piece is not used yet.
    piece: Bytes,
    /// What the first piece looks like.
    begins_like: Option<&'static str>,
    begun: bool,
}

impl Reader {
    async fn tensor(&mut self, spec: &WeightSpec) -> Result<Bytes> {
        if let Some(length) = spec.byte_length()? {
            return self.take(length, spec).await;
        }
        let mut strings = Vec::new();
        // The count may be anything; the bytes run out before it does.
        for _ in 0..spec.element_count()? {
            let mut length = [0; 4];
            for byte in &mut length {
                if !self.refill().await? {
                    return Err(self.hint(ends_early(spec)));
                }
                *byte = self.piece.get_u8();
            }
            strings.try_reserve(4).map_err(out_of_memory)?;
            strings.extend_from_slice(&length);
            self.append(&mut strings, u32::from_le_bytes(length).into(), spec).await?;
        }
        Ok(strings.into())
    }

    /// The next `length` bytes. Copies only what straddles pieces.
    async fn take(&mut self, length: u64, spec: &WeightSpec) -> Result<Bytes> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        self.refill().await?;
        if let Ok(length) = usize::try_from(length)
            && length <= self.piece.len()
        {
            return Ok(self.piece.split_to(length));
        }
        let mut joined = Vec::new();
        self.append(&mut joined, length, spec).await?;
        Ok(joined.into())
    }

    /// Adds the next `length` bytes to `joined`.
    async fn append(
        &mut self,
        joined: &mut Vec<u8>,
        mut length: u64,
        spec: &WeightSpec,
    ) -> Result<()> {
        while length > 0 {
            if !self.refill().await? {
                return Err(self.hint(ends_early(spec)));
            }
            let step = usize::try_from(length).unwrap_or(usize::MAX).min(self.piece.len());
            if joined.capacity() - joined.len() < step {
                // Twice what has arrived, but no more than is announced.
                let announced = usize::try_from(length).unwrap_or(usize::MAX);
                let room = joined.len().max(step).min(announced);
                joined.try_reserve_exact(room).map_err(out_of_memory)?;
            }
            joined.extend_from_slice(&self.piece.split_to(step));
            length -= step as u64;
        }
        Ok(())
    }

    /// Sees to it that there are bytes; `false` at the end.
    async fn refill(&mut self) -> Result<bool> {
        while self.piece.is_empty() {
            let Some(piece) = self.stream.try_next().await? else { return Ok(false) };
            if !self.begun && !piece.is_empty() {
                self.begun = true;
                self.begins_like = describe_foreign(&piece);
            }
            self.piece = piece;
        }
        Ok(true)
    }

    fn hint(&self, error: Error) -> Error {
        match self.begins_like {
            Some(what) => error.with_hint(format!("the weights begin like {what}")),
            None => error,
        }
    }
}
