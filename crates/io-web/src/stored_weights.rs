//! Weights that stay in the browser's memory until they are read.

use std::{any::Any, ops::Range};

use futures::{StreamExt, future};
use io_core::{
    Error, ErrorKind, ModelUrl, Operation, ProgressCallback, ProgressMeter, WeightSource,
    WeightStream,
};
use io_manifest::{Checksum, FileIntegrity};

use crate::JsWeights;

/// The weights of a loaded model, which no later save can change: a buffer that is ours, Blobs or
/// files.
/// Chromium keeps a Blob as long as somebody has it; in Firefox it goes with its record, and what
/// is read later fails, typed `Conflict`.
#[derive(Debug)]
pub struct StoredWeights {
    /// The model, for errors.
    pub url: ModelUrl,
    /// The bytes.
    pub weights: JsWeights,
    /// What they have to be, where that is known.
    pub integrity: Option<FileIntegrity>,
    /// Whether to compare.
    pub verify: bool,
    /// Who is told of what was read.
    pub progress: Option<ProgressCallback>,
}

#[async_trait::async_trait(?Send)]
impl WeightSource for StoredWeights {
    fn byte_length(&self) -> u64 {
        self.weights.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(self.progress.clone(), range.end - range.start);
        // A checksum is of all bytes.
        let whole = range == (0..self.byte_length());
        let expected = self.integrity.filter(|_| self.verify && whole);
        let (mut checksum, mut left) = (Checksum::new(), range.end - range.start);
        let url = self.url.clone();
        let checked = self.weights.stream(range).map(move |chunk| {
            let context = |error: Error| error.with_context(Operation::Load, &url);
            let bytes = chunk.map_err(replaced).map_err(context)?;
            left = left.saturating_sub(bytes.len() as u64);
            if let Some(expected) = expected {
                checksum.update(&bytes);
                // Before the last piece is passed on.
                if left == 0 && expected != checksum.integrity() {
                    return Err(context(Error::corrupt("the weights fail their checksum")));
                }
            }
            meter.add(bytes.len() as u64);
            Ok(bytes)
        });
        // Nothing follows an error.
        Box::pin(checked.scan(false, |failed, item| {
            future::ready((!std::mem::replace(failed, item.is_err())).then_some(item))
        }))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(&self.weights)
    }
}

/// A browser that does not keep a Blob whose record is gone says that it does not find it, or that
/// the reading was aborted. Nobody else aborts it: whoever gives up drops the stream.
fn replaced(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Cancelled => {
            let message = "the model was replaced while its weights were read";
            Error::new(ErrorKind::Conflict, message).with_source(error)
        }
        _ => error,
    }
}
