//! Weights that stay in their files until they are read.

use std::{fs::File, ops::Range, vec};

use async_trait::async_trait;
use blocking::{Task, unblock};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use io_core::{
    Error, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource, WeightStream,
};
use io_manifest::{Checksum, FileIntegrity};

use crate::{
    read,
    snapshot::{WeightFile, WeightFiles},
};

/// How much is read at a time.
const CHUNK_BYTES: u64 = 2 << 20;

/// Weights in files.
#[derive(Clone, Debug)]
pub(crate) struct FsWeights {
    pub(crate) url: ModelUrl,
    pub(crate) files: WeightFiles,
    pub(crate) verify: bool,
    pub(crate) progress: Option<ProgressCallback>,
}

impl FsWeights {
    /// Fails where the file has a checksum, checksums count, and `crc64nvme` is another.
    pub(crate) fn verify(&self, file: &WeightFile, crc64nvme: u64) -> Result<()> {
        match file.integrity {
            Some(expected) if self.verify && expected.crc64nvme != crc64nvme => {
                Err(Error::corrupt(format!("weight file `{}` fails its checksum", file.path)))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl WeightSource for FsWeights {
    fn byte_length(&self) -> u64 {
        self.files.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let length = range.end.saturating_sub(range.start);
        let meter = ProgressMeter::new(self.progress.clone(), length);
        let pieces = pieces(&self.files.files, &range).into_iter();
        let reader = Reader { weights: self.clone(), meter, pieces, open: None };
        let url = self.url.clone();
        let context = move |error: Error| error.with_context(Operation::Load, &url);
        // Nothing is read before the stream is polled; then one chunk ahead of the caller.
        let chunks = stream::unfold(Ahead::Start(Box::new(reader)), |ahead| async move {
            let chunk = match ahead {
                Ahead::Start(reader) => read_ahead(*reader).await,
                Ahead::Reading(task) => task.await,
                Ahead::Done => return None,
            };
            match chunk {
                Ok(Some((bytes, reader))) => Some((Ok(bytes), Ahead::Reading(read_ahead(reader)))),
                Ok(None) => None,
                Err(error) => Some((Err(error), Ahead::Done)),
            }
        });
        Box::pin(chunks.map_err(context))
    }

    fn crc64nvme(&self) -> Option<u64> {
        let files = self.files.files.iter().map(|file| file.integrity.filter(|_| self.verify));
        let all = FileIntegrity::of_all(files)?;
        (all.bytes == self.byte_length()).then_some(all.crc64nvme)
    }

    async fn read(&self) -> Result<Vec<Bytes>> {
        let read = read::read_all(self.clone()).await;
        read.map_err(|error| error.with_context(Operation::Load, &self.url))
    }
}

/// How far a stream is.
enum Ahead {
    Start(Box<Reader>),
    Reading(Task<Result<Option<(Bytes, Reader)>>>),
    Done,
}

fn read_ahead(mut reader: Reader) -> Task<Result<Option<(Bytes, Reader)>>> {
    unblock(move || Ok(reader.next()?.map(|bytes| (bytes, reader))))
}

/// Reads files piece by piece, one file open at a time.
struct Reader {
    weights: FsWeights,
    meter: ProgressMeter,
    pieces: vec::IntoIter<Piece>,
    open: Option<(usize, File, Checksum)>,
}

/// Bytes of one file, counted from its start.
struct Piece {
    file: usize,
    range: Range<u64>,
}

impl Reader {
    fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(Piece { file: index, range }) = self.pieces.next() else {
            return Ok(None);
        };
        let Some(file) = self.weights.files.files.get(index) else {
            return Ok(None);
        };
        let (handle, mut checksum) = match self.open.take() {
            Some((open, handle, checksum)) if open == index => (handle, checksum),
            _ => (self.weights.files.open_file(file)?, Checksum::new()),
        };
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        read::read_exact_at(&handle, &mut bytes, range.start, &file.path)?;
        checksum.update(&bytes);
        // Only a file that was read whole has a checksum to compare.
        if range.end == file.length && checksum.byte_length() == file.length {
            self.weights.verify(file, checksum.finish())?;
        }
        self.meter.add(length as u64);
        self.open = Some((index, handle, checksum));
        Ok(Some(bytes.into()))
    }
}

/// The pieces that make up `range` of all bytes.
fn pieces(files: &[WeightFile], range: &Range<u64>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut from = range.start.clamp(file.start, file.start + file.length) - file.start;
        let end = range.end.clamp(file.start, file.start + file.length) - file.start;
        while from < end {
            let to = end.min(from + CHUNK_BYTES);
            pieces.push(Piece { file: index, range: from..to });
            from = to;
        }
    }
    pieces
}
