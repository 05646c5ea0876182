//! Elements of one size as elements of another, piece by piece.

use std::{fmt, ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{Error, Result, WeightSource, WeightStream, Weights};

/// Converts elements: from a size in bytes, to a size, by a function over whole elements.
#[derive(Clone)]
pub(crate) struct Conversion {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Gets whole elements and appends as many.
    #[expect(clippy::type_complexity, reason = "one function, named by its field")]
    pub(crate) apply: Arc<dyn Fn(&[u8], &mut Vec<u8>) -> Result<()> + Send + Sync>,
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} bytes", self.from, self.to)
    }
}

/// `input`, each element converted as its bytes come by.
///
/// # Errors
///
/// `Corrupt` when `input` is not whole elements or the result has no length.
pub(crate) fn converted(input: Weights, conversion: Conversion) -> Result<Weights> {
    let from = conversion.from as u64;
    let count = input.byte_length().checked_div(from).unwrap_or_default();
    if count.checked_mul(from) != Some(input.byte_length()) {
        return Err(Error::corrupt("a tensor is not a whole number of elements"));
    }
    let length = count
        .checked_mul(conversion.to as u64)
        .ok_or_else(|| Error::corrupt("a tensor is too large"))?;
    Ok(Weights::from_source(Converted { input, conversion, length }))
}

#[derive(Debug)]
struct Converted {
    input: Weights,
    conversion: Conversion,
    length: u64,
}

impl WeightSource for Converted {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let (from, to) = (self.conversion.from as u64, self.conversion.to as u64);
        let (first, last) = (range.start / to, range.end.div_ceil(to));
        // What the first element has before the range, and how much of the rest is wanted.
        let skip = range.start - first * to;
        let wanted = range.end - range.start;
        let input = self.input.stream_range(first * from..last.saturating_mul(from));
        let conversion = self.conversion.clone();
        let pieces = elements(input, conversion.from).and_then(move |bytes| {
            let mut out = Vec::new();
            let done = (conversion.apply)(&bytes, &mut out).map(|()| Bytes::from(out));
            futures::future::ready(done)
        });
        Box::pin(window(pieces, skip, wanted))
    }
}

/// `input` in pieces of whole elements of `size` bytes.
fn elements(
    input: WeightStream,
    size: usize,
) -> impl futures::Stream<Item = Result<Bytes>> + use<> {
    stream::try_unfold((input, BytesMut::new()), move |(mut input, mut rest)| async move {
        while let Some(piece) = input.try_next().await? {
            if rest.is_empty() && piece.len() >= size {
                let whole = piece.len() - piece.len() % size;
                rest.extend_from_slice(piece.get(whole..).unwrap_or_default());
                return Ok(Some((piece.slice(..whole), (input, rest))));
            }
            rest.extend_from_slice(&piece);
            let whole = rest.len() - rest.len() % size;
            if whole > 0 {
                let bytes = rest.split_to(whole).freeze();
                return Ok(Some((bytes, (input, rest))));
            }
        }
        if rest.is_empty() { Ok(None) } else { Err(Error::corrupt("a tensor ends in an element")) }
    })
}

/// The pieces of `input` without its first `skip` bytes, up to `wanted` bytes.
fn window(
    input: impl futures::Stream<Item = Result<Bytes>>,
    skip: u64,
    wanted: u64,
) -> impl futures::Stream<Item = Result<Bytes>> {
    let cut = move |(skip, left): &mut (u64, u64), item: Result<Bytes>| {
        futures::future::ready(Some(item.map(|mut bytes| {
            let drop = usize::try_from(*skip).unwrap_or(usize::MAX).min(bytes.len());
            *skip -= drop as u64;
            let keep = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - drop);
            *left -= keep as u64;
            bytes = bytes.slice(drop..drop + keep);
            bytes
        })))
    };
    input.scan((skip, wanted), cut)
}

#[cfg(test)]
mod tests {
    use super::{Conversion, converted};
    use bytes::Bytes;
    use futures::{TryStreamExt, executor::block_on};
    use io_core::Weights;
    use std::sync::Arc;

    #[test]
    fn any_range_of_any_cut_is_that_of_the_whole() {
        let twice = Conversion {
            from: 2,
            to: 3,
            apply: Arc::new(|bytes, out| {
                for pair in bytes.chunks(2) {
                    out.extend_from_slice(&[pair[0], pair[1], pair[0] ^ pair[1]]);
                }
                Ok(())
            }),
        };
        let input: Vec<u8> = (0..20).collect();
        for step in [1, 2, 3, 7, 20] {
            let parts = input.chunks(step).map(Bytes::copy_from_slice);
            let weights = converted(Weights::from_parts(parts), twice.clone()).unwrap();
            assert_eq!(weights.byte_length(), 30);
            let whole = block_on(weights.to_bytes()).unwrap();
            for start in 0..30 {
                for end in start..=30 {
                    let stream = weights.stream_range(start..end);
                    let got: Vec<Bytes> = block_on(stream.try_collect()).unwrap();
                    let wanted =
                        &whole[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
                    assert_eq!(got.concat(), wanted);
                }
            }
        }
    }

    #[test]
    fn half_an_element_is_refused() {
        let same = Conversion {
            from: 2,
            to: 2,
            apply: Arc::new(|bytes, out| {
                out.extend_from_slice(bytes);
                Ok(())
            }),
        };
        assert!(converted(Weights::from(vec![0; 3]), same).is_err());
    }
}
