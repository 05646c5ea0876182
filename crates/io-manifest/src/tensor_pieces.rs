//! Weights from a stream, in pieces no larger than those of the stream.

use bytes::{Buf, Bytes};
use futures::{TryStreamExt, stream};
use io_core::{BoxStream, Error, Result, WeightSpec, WeightStream};

use crate::{
    dequantize::dequantize,
    describe_foreign, specs,
    tensors::{ends_early, surplus},
};

/// Some of the bytes of one weight, in order.
#[derive(Clone, Debug)]
pub struct TensorPiece {
    /// Which weight it is of, counted from 0 in the order of the specs.
    pub weight: usize,
    /// The bytes as they are stored: whole elements, but for strings, which are cut anywhere.
    pub stored: Bytes,
    /// Whether it is the last of its weight.
    pub last: bool,
}

impl TensorPiece {
    /// The bytes of the elements after dequantisation, little-endian. `spec` is that of the weight.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the quantisation is not sound; `OutOfMemory` when there is no room.
    pub fn decode(&self, spec: &WeightSpec) -> Result<Bytes> {
        match &spec.quantization {
            Some(quantization) => dequantize(spec.dtype, quantization, &self.stored),
            None => Ok(self.stored.clone()),
        }
    }
}

/// The weights of `specs`, whose bytes come from `stream`, piece by piece: each weight has at least
/// one piece, and each piece is of one weight.
///
/// Memory is bounded by one piece of the stream, whatever the weights are. Gives errors, and nothing
/// after the first: `Corrupt` when the specs are not sound, or there are too few or too many bytes,
/// for strings too; whatever the stream fails with. Too many bytes come to light after the last
/// weight, so read to the end.
pub fn tensor_pieces(
    specs: Vec<WeightSpec>,
    stream: WeightStream,
) -> BoxStream<'static, Result<TensorPiece>> {
    let checked = specs::check_all(&specs).map(drop);
    let input = Input { stream, piece: Bytes::new(), begins_like: None, begun: false };
    let reader = Reader { specs, weight: 0, rest: None, input };
    Box::pin(stream::try_unfold((checked, reader), |(checked, mut reader)| async move {
        checked?;
        Ok(reader.next().await?.map(|piece| (piece, (Ok(()), reader))))
    }))
}

struct Reader {
    specs: Vec<WeightSpec>,
    /// The weight that is being read.
    weight: usize,
    /// What of it is to come; `None` before its first piece.
    rest: Option<Rest>,
    input: Input,
}

/// What of a weight is to come.
enum Rest {
    /// Elements of a fixed size.
    Elements {
        bytes: u64,
        size: u64,
    },
    Strings(Strings),
}

impl Reader {
    async fn next(&mut self) -> Result<Option<TensorPiece>> {
        let Some(spec) = self.specs.get(self.weight) else {
            return match self.input.refill().await? {
                true => Err(self.input.hint(surplus(self.input.piece.len() as u64))),
                false => Ok(None),
            };
        };
        let mut rest = match self.rest.take() {
            Some(rest) => rest,
            None => Rest::of(spec)?,
        };
        let stored = if rest.is_done() {
            Bytes::new()
        } else if self.input.refill().await? {
            match &mut rest {
                Rest::Elements { bytes, size } => {
                    self.input.elements(bytes, *size).await?.ok_or_else(|| ends_early(spec))
                }
                Rest::Strings(strings) => Ok(strings.take(&mut self.input.piece)),
            }
            .map_err(|error| self.input.hint(error))?
        } else {
            return Err(self.input.hint(ends_early(spec)));
        };
        let piece = TensorPiece { weight: self.weight, stored, last: rest.is_done() };
        if piece.last {
            self.weight += 1;
        } else {
            self.rest = Some(rest);
        }
        Ok(Some(piece))
    }
}

impl Rest {
    fn of(spec: &WeightSpec) -> Result<Self> {
        let count = spec.element_count()?;
        Ok(match spec.byte_length()? {
            Some(bytes) => Self::Elements { bytes, size: bytes.checked_div(count).unwrap_or(1) },
            None => Self::Strings(Strings { count, header: 0, header_bytes: 0, body: 0 }),
        })
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Elements { bytes, .. } => *bytes == 0,
            Self::Strings(strings) => strings.count == 0 && strings.body == 0,
        }
    }
}

/// Where in a run of strings the reader is. The count may be anything; the bytes run out first.
struct Strings {
    /// Strings whose length has not been read to its end.
    count: u64,
    /// The length that is being read, and how many of its 4 bytes have been.
    header: u32,
    header_bytes: u32,
    /// Bytes to come of the string whose length was read.
    body: usize,
}

impl Strings {
    /// As much of `piece` as belongs to the strings.
    fn take(&mut self, piece: &mut Bytes) -> Bytes {
        let mut ahead = piece.as_ref();
        while !ahead.is_empty() && (self.count > 0 || self.body > 0) {
            if self.body > 0 {
                let step = self.body.min(ahead.len());
                self.body -= step;
                ahead.advance(step);
                continue;
            }
            self.header |= u32::from(ahead.get_u8()) << (8 * self.header_bytes);
            self.header_bytes += 1;
            if self.header_bytes == 4 {
                // On a 32-bit machine a length that is no usize is one that no memory holds either.
                self.body = usize::try_from(self.header).unwrap_or(usize::MAX);
                (self.header, self.header_bytes) = (0, 0);
                self.count -= 1;
            }
        }
        let taken = piece.len() - ahead.len();
        piece.split_to(taken)
    }
}

struct Input {
    stream: WeightStream,
    /// What of the last piece is not used yet.
    piece: Bytes,
    /// What the first piece looks like.
    begins_like: Option<&'static str>,
    begun: bool,
}

impl Input {
    /// Whole elements from the piece at hand, or one element that straddles pieces; `None` when the
    /// stream ends within it.
    async fn elements(&mut self, left: &mut u64, size: u64) -> Result<Option<Bytes>> {
        let at_hand = self.piece.len() as u64;
        let whole = (at_hand - at_hand % size).min(*left);
        if let Ok(whole) = usize::try_from(whole)
            && whole > 0
        {
            *left -= whole as u64;
            return Ok(Some(self.piece.split_to(whole)));
        }
        let mut element = Vec::new();
        for _ in 0..size {
            if !self.refill().await? {
                return Ok(None);
            }
            element.push(self.piece.get_u8());
        }
        *left -= size;
        Ok(Some(element.into()))
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
