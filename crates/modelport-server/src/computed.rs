//! Weights of a place that keeps no checksum of them, under one that was computed.

use std::ops::Range;

use futures::StreamExt as _;
use io_core::{Error, ErrorKind, WeightSource, WeightStream, Weights};
use io_manifest::{Checksum, FileIntegrity};

/// Weights that are no others than those the checksum was computed of.
#[derive(Debug)]
pub(crate) struct Computed {
    weights: Weights,
    integrity: FileIntegrity,
}

impl Computed {
    /// `weights`, whose stream fails where they are no longer those of `integrity`.
    pub(crate) fn pin(weights: Weights, integrity: FileIntegrity) -> Weights {
        Weights::from_source(Self { weights, integrity })
    }
}

impl WeightSource for Computed {
    fn byte_length(&self) -> u64 {
        self.integrity.bytes
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let whole = range == (0..self.integrity.bytes);
        let chunks = self.weights.stream_range(range);
        if !whole {
            return chunks;
        }
        let (due, mut checksum) = (self.integrity, Checksum::new());
        Box::pin(chunks.map(move |chunk| {
            let chunk = chunk?;
            checksum.update(&chunk);
            // Before the last bytes are out: whoever has them all has a whole file.
            if checksum.byte_length() == due.bytes && checksum.finish() != due.crc64nvme {
                let message = "the weights were changed where they are";
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            Ok(chunk)
        }))
    }

    fn crc64nvme(&self) -> Option<u64> {
        Some(self.integrity.crc64nvme)
    }
}
