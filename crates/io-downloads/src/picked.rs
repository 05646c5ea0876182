//! Weights in picked files, left there until they are read.

use std::{any::Any, ops::Range, rc::Rc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future, stream};
use io_core::{
    Error, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource, WeightStream,
};
use io_manifest::{Checksum, FileIntegrity, describe_foreign};
use io_web::{JsPiece, JsWeights};
use web_sys::File;

use crate::matching::shown;

/// A picked file.
#[derive(Clone, Debug)]
pub(crate) struct PickedFile {
    piece: JsPiece,
    name: String,
    /// How many bytes it had when it was picked.
    pub(crate) length: u64,
    /// What its bytes must sum to, if that is asked for.
    integrity: Option<FileIntegrity>,
}

impl PickedFile {
    pub(crate) fn new(file: &File, integrity: Option<FileIntegrity>) -> Self {
        let piece = JsPiece::Blob(file.clone().into());
        Self { length: piece.byte_length(), piece, name: file.name(), integrity }
    }
}

/// The weights in picked files. For who knows JavaScript they are the files themselves.
#[derive(Clone, Debug)]
pub(crate) struct PickedWeights {
    url: ModelUrl,
    files: Rc<[PickedFile]>,
    bytes: JsWeights,
    progress: Option<ProgressCallback>,
}

impl PickedWeights {
    pub(crate) fn new(
        url: ModelUrl,
        files: Vec<PickedFile>,
        progress: Option<ProgressCallback>,
    ) -> Self {
        let bytes = JsWeights::new(files.iter().map(|file| file.piece.clone()));
        Self { url, bytes, files: files.into(), progress }
    }
}

impl WeightSource for PickedWeights {
    fn byte_length(&self) -> u64 {
        self.bytes.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter = ProgressMeter::new(self.progress.clone(), range.end - range.start);
        let (mut end, mut streams) = (0, Vec::new());
        for file in &*self.files {
            let start = end;
            end += file.length;
            let own = range.start.max(start)..range.end.min(end);
            if own.start < own.end {
                let whole = own == (start..end);
                let checked = Checked::new(file, whole);
                streams.push(checked.stream(self.bytes.stream(own)));
            }
        }
        let url = self.url.clone();
        let bytes = stream::iter(streams).flatten();
        let bytes = bytes.inspect_ok(move |bytes| meter.add(bytes.len() as u64));
        Box::pin(bytes.map_err(move |error| error.with_context(Operation::Load, &url)))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        self.bytes.as_any()
    }
}

/// What is known of a file while its bytes pass.
struct Checked {
    name: String,
    length: u64,
    integrity: Option<FileIntegrity>,
    checksum: Checksum,
    foreign: Option<&'static str>,
}

impl Checked {
    fn new(file: &PickedFile, whole: bool) -> Self {
        Self {
            name: shown(&file.name),
            length: file.length,
            integrity: file.integrity.filter(|_| whole),
            checksum: Checksum::new(),
            foreign: None,
        }
    }

    /// `bytes`, whose last ones come only when all of them are what they should be.
    fn stream(mut self, bytes: WeightStream) -> WeightStream {
        if self.integrity.is_none() {
            return bytes;
        }
        Box::pin(bytes.and_then(move |bytes| future::ready(self.check(bytes))))
    }

    fn check(&mut self, bytes: Bytes) -> Result<Bytes> {
        if self.checksum.byte_length() == 0 {
            self.foreign = describe_foreign(&bytes);
        }
        self.checksum.update(&bytes);
        match self.integrity {
            Some(expected)
                if self.checksum.byte_length() >= self.length
                    && expected != self.checksum.integrity() =>
            {
                let what = self.foreign.map(|what| format!("; it looks like {what}"));
                let what = what.unwrap_or_default();
                let name = &self.name;
                Err(Error::corrupt(format!("the file '{name}' fails its checksum{what}")))
            }
            _ => Ok(bytes),
        }
    }
}
