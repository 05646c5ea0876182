//! Weights in picked files, left there until they are read.

use std::{any::Any, ops::Range};

use futures::TryStreamExt;
use io_core::{
    ModelUrl, Operation, ProgressCallback, ProgressMeter, WeightSource, WeightStream,
    printable_name,
};
use io_manifest::FileIntegrity;
use io_web::{Expected, JsPiece, JsWeights};
use web_sys::File;

/// The weights in picked files. For who knows JavaScript they are the files themselves.
#[derive(Clone, Debug)]
pub(crate) struct PickedWeights {
    url: ModelUrl,
    files: JsWeights,
    progress: Option<ProgressCallback>,
}

impl PickedWeights {
    pub(crate) fn new(
        url: ModelUrl,
        files: Vec<JsWeights>,
        progress: Option<ProgressCallback>,
    ) -> Self {
        Self { url, files: JsWeights::join(files), progress }
    }
}

/// The bytes of a file of the model at `url`, and what they must sum to, if that is asked for.
pub(crate) fn bytes_of(url: &ModelUrl, file: &File, integrity: Option<FileIntegrity>) -> JsWeights {
    let bytes = JsWeights::from(JsPiece::Blob(file.clone().into()));
    match integrity {
        Some(integrity) => {
            let file = Some(printable_name(&file.name()));
            bytes.expecting(Expected { url: url.clone(), file, integrity })
        }
        None => bytes,
    }
}

impl WeightSource for PickedWeights {
    fn byte_length(&self) -> u64 {
        self.files.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(self.progress.clone(), range.end - range.start);
        let url = self.url.clone();
        let bytes = self.files.stream(range);
        let bytes = bytes.inspect_ok(move |bytes| meter.add(bytes.len() as u64));
        Box::pin(bytes.map_err(move |error| error.with_context(Operation::Load, &url)))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        self.files.as_any()
    }
}
