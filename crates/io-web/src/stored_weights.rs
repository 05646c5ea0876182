//! Weights that stay in the browser's memory until they are read.

use std::{any::Any, ops::Range};

use futures::StreamExt;
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelUrl, Operation, ProgressCallback, ProgressMeter,
    WeightSource, WeightStream,
};
use io_manifest::FileIntegrity;

use crate::{Expected, JsWeights};

/// The weights of a loaded model, which no later save can change: a buffer that is ours, Blobs or
/// files.
/// Chromium keeps a Blob as long as somebody has it; in Firefox it goes with its record, and what
/// is read later fails, typed `Conflict`.
#[derive(Debug)]
pub struct StoredWeights {
    url: ModelUrl,
    weights: JsWeights,
    progress: Option<ProgressCallback>,
}

impl StoredWeights {
    /// The weights of the model at `url`. They have to be what `integrity` says, where that is known
    /// and the options do not waive it; who reads them tells the options' progress.
    pub fn new(
        url: &ModelUrl,
        weights: JsWeights,
        integrity: Option<FileIntegrity>,
        options: &HandlerOptions,
    ) -> Self {
        let (url, progress) = (url.clone(), options.progress.clone());
        let weights = match integrity.filter(|_| options.verify) {
            Some(integrity) => {
                weights.expecting(Expected { url: url.clone(), file: None, integrity })
            }
            None => weights,
        };
        Self { url, weights, progress }
    }
}

#[async_trait::async_trait(?Send)]
impl WeightSource for StoredWeights {
    fn byte_length(&self) -> u64 {
        self.weights.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(self.progress.clone(), range.end - range.start);
        let url = self.url.clone();
        Box::pin(self.weights.stream(range).map(move |chunk| {
            let context = |error: Error| error.with_context(Operation::Load, &url);
            let bytes = chunk.map_err(replaced).map_err(context)?;
            meter.add(bytes.len() as u64);
            Ok(bytes)
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
