//! Several runs of bytes, one after the other.

use std::{ops::Range, sync::Arc};

use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Result, WeightSource, WeightStream, Weights};

/// All of `parts` in their order. Those that a range does not touch are not read.
///
/// # Errors
///
/// `InvalidInput` when the sum of the lengths passes 2^64.
pub(crate) fn concat(parts: Vec<Weights>) -> Result<Weights> {
    let length = parts
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_add(part.byte_length()))
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the file would be too large"))?;
    Ok(Weights::from_source(Concat { parts: parts.into(), length }))
}

#[derive(Debug)]
struct Concat {
    parts: Arc<[Weights]>,
    length: u64,
}

impl WeightSource for Concat {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let mut start = 0_u64;
        let mut wanted = Vec::new();
        for part in self.parts.iter() {
            let end = start.saturating_add(part.byte_length());
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                wanted.push((part.clone(), from - start..to - start));
            }
            start = end;
        }
        // Each part is opened when the one before it has ended.
        Box::pin(stream::iter(wanted).flat_map(|(part, range)| part.stream_range(range)))
    }
}
