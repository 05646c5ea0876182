//! Bytes that tell a callback how far they have been read.

use futures::StreamExt;
use modelport::{ProgressCallback, ProgressMeter, WeightSource, WeightStream, Weights};
use std::ops::Range;

/// The same bytes; each stream of them tells `progress` from the start.
pub(super) fn metered(bytes: Weights, progress: Option<ProgressCallback>) -> Weights {
    match progress {
        Some(progress) => Weights::from_source(Metered { bytes, progress }),
        None => bytes,
    }
}

#[derive(Debug)]
struct Metered {
    bytes: Weights,
    progress: ProgressCallback,
}

#[async_trait::async_trait(?Send)]
impl WeightSource for Metered {
    fn byte_length(&self) -> u64 {
        self.bytes.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(Some(self.progress.clone()), range.end - range.start);
        let pieces = self.bytes.stream_range(range).inspect(move |piece| {
            if let Ok(piece) = piece {
                meter.add(piece.len() as u64);
            }
        });
        Box::pin(pieces)
    }
}
