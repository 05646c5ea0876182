//! Bytes that are all 0.

use std::ops::Range;

use bytes::Bytes;
use futures::stream;
use io_core::{WeightSource, WeightStream, Weights};

/// As much as one piece has.
static PIECE: [u8; 64 * 1024] = [0; 64 * 1024];

/// `length` bytes that nobody keeps.
pub(crate) fn zeros(length: u64) -> Weights {
    Weights::from_source(Zeros { length })
}

#[derive(Debug)]
struct Zeros {
    length: u64,
}

impl WeightSource for Zeros {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let pieces = stream::unfold(range.end - range.start, |left| async move {
            let size = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len());
            let piece = Bytes::from_static(PIECE.get(..size)?);
            (size > 0).then(|| (Ok(piece), left - size as u64))
        });
        Box::pin(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::zeros;
    use futures::{TryStreamExt, executor::block_on};

    #[test]
    fn any_range_has_its_length() {
        let weights = zeros(200_000);
        for range in [0..200_000, 5..5, 65_535..131_073] {
            let wanted = range.end - range.start;
            let pieces: Vec<_> = block_on(weights.stream_range(range).try_collect()).unwrap();
            let bytes = pieces.concat();
            assert_eq!(bytes.len() as u64, wanted);
            assert!(bytes.iter().all(|byte| *byte == 0));
        }
    }
}
