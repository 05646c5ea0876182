//! Weights that stay in the browser's memory until they are read.

use std::ops::Range;

use futures::{TryStreamExt, stream};
use io_core::{
    Error, ModelUrl, Operation, ProgressCallback, ProgressMeter, WeightSource, WeightStream,
};
use io_manifest::Checksum;
use io_web::copy_out;

use crate::record::Weights;

/// How much is brought over at a time.
const CHUNK_BYTES: u64 = 2 << 20;

/// The weights of a loaded record, which no later save can change.
#[derive(Debug)]
pub(crate) struct RecordWeights {
    pub(crate) url: ModelUrl,
    pub(crate) weights: Weights,
    pub(crate) verify: bool,
    pub(crate) progress: Option<ProgressCallback>,
}

#[async_trait::async_trait(?Send)]
impl WeightSource for RecordWeights {
    fn byte_length(&self) -> u64 {
        self.weights.array.length().into()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(self.progress.clone(), range.end - range.start);
        let array = self.weights.array.clone();
        // A checksum is of all bytes.
        let whole = range == (0..self.byte_length());
        let expected = self.weights.integrity.filter(|_| self.verify && whole);
        let start = (range.start, Checksum::new());
        let chunks = stream::try_unfold(start, move |(from, mut checksum)| {
            let to = range.end.min(from.saturating_add(CHUNK_BYTES));
            let chunk = if from < to { copy_out(&array, from..to).map(Some) } else { Ok(None) };
            let next = chunk.and_then(|chunk| {
                let Some(bytes) = chunk else { return Ok(None) };
                checksum.update(&bytes);
                // Before the last piece is passed on.
                let last = to == range.end;
                if expected.is_some_and(|it| last && it != checksum.integrity()) {
                    return Err(Error::corrupt("the weights fail their checksum"));
                }
                meter.add(bytes.len() as u64);
                Ok(Some((bytes, (to, checksum))))
            });
            std::future::ready(next)
        });
        let url = self.url.clone();
        Box::pin(chunks.map_err(move |error| error.with_context(Operation::Load, &url)))
    }
}
