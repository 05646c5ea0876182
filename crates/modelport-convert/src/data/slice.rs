//! A part of other bytes.

use std::ops::Range;

use bytes::Bytes;
use io_core::{Error, Result, WeightSource, WeightStream, Weights};

/// The bytes of `whole` in `range`, read when they are needed.
///
/// # Errors
///
/// `Corrupt` when `range` does not lie within `whole`.
pub(crate) fn slice(whole: &Weights, range: Range<u64>) -> Result<Weights> {
    if range.start > range.end || range.end > whole.byte_length() {
        return Err(Error::corrupt(format!(
            "bytes {} to {} of a file of {} are asked for",
            range.start,
            range.end,
            whole.byte_length()
        )));
    }
    if range == (0..whole.byte_length()) {
        return Ok(whole.clone());
    }
    Ok(Weights::from_source(Slice { whole: whole.clone(), range }))
}

/// Reads exactly the bytes in `range`, which is refused before anything is allocated when it does
/// not lie within `whole`.
///
/// # Errors
///
/// `Corrupt` when `range` does not lie within `whole`; what its stream fails with.
pub(crate) async fn read_exact(whole: &Weights, range: Range<u64>) -> Result<Bytes> {
    slice(whole, range)?.to_bytes().await
}

#[derive(Debug)]
struct Slice {
    whole: Weights,
    range: Range<u64>,
}

impl WeightSource for Slice {
    fn byte_length(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let at = |offset: u64| self.range.start.saturating_add(offset).min(self.range.end);
        self.whole.stream_range(at(range.start)..at(range.end))
    }
}
