//! Weights that stay in their objects until they are read.

use std::{future, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{
    Error, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource, WeightStream,
};
use io_manifest::{Checksum, FileIntegrity};
use object_store::{GetOptions, GetRange, path::Path};

use crate::{
    error::{on, replaced, shown},
    objects::{Store, strong},
    runtime,
    snapshot::WeightObject,
};

/// How much one request asks for at the most.
const CHUNK_BYTES: u64 = 4 << 20;

/// Weights in objects.
#[derive(Clone, Debug)]
pub(crate) struct ObjectWeights {
    pub(crate) store: Store,
    pub(crate) url: ModelUrl,
    pub(crate) files: Arc<[WeightObject]>,
    pub(crate) verify: bool,
    pub(crate) progress: Option<ProgressCallback>,
    pub(crate) concurrency: usize,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl WeightSource for ObjectWeights {
    fn byte_length(&self) -> u64 {
        self.files.last().map_or(0, |last| last.start + last.length)
    }

    fn crc64nvme(&self) -> Option<u64> {
        let files = self.files.iter().map(|file| file.integrity.filter(|_| self.verify));
        let all = FileIntegrity::of_all(files)?;
        (all.bytes == self.byte_length()).then_some(all.crc64nvme)
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let length = range.end.saturating_sub(range.start);
        let meter = ProgressMeter::new(self.progress.clone(), length);
        let (store, verify) = (self.store.clone(), self.verify);
        // Nothing is asked for before the stream is polled; then so many requests at a time.
        let requests = stream::iter(pieces(&self.files, &range)).map(move |piece| {
            let store = store.clone();
            let task = runtime::spawn(async move {
                let bytes = runtime::retrying(|| get(&store, &piece)).await?;
                Ok((piece, bytes))
            });
            async move { task?.await? }
        });
        let mut checksum = Checksum::new();
        let chunks = requests.buffered(self.concurrency).and_then(move |(piece, chunks)| {
            future::ready(add(&mut checksum, &piece, &chunks, verify).map(|()| {
                meter.add(piece.range.end - piece.range.start);
                stream::iter(chunks.into_iter().map(Ok))
            }))
        });
        let url = self.url.clone();
        // After a failure there is nothing more to be had.
        let whole = chunks.try_flatten().scan(false, |failed, chunk| {
            let over = *failed;
            *failed |= chunk.is_err();
            future::ready((!over).then_some(chunk))
        });
        Box::pin(whole.map_err(move |error: Error| error.with_context(Operation::Load, &url)))
    }
}

/// Bytes of one object, counted from its start.
#[derive(Debug)]
struct Piece {
    file: WeightObject,
    range: Range<u64>,
}

/// The bytes of a piece as they come from the network: copied nowhere, and in no large buffer, of
/// which an allocator would keep some.
async fn get(store: &Store, piece: &Piece) -> Result<Vec<Bytes>> {
    use object_store::Error as E;
    // A proxy that changes what it passes on weakens the tag, and no condition holds for a weak one.
    let is_weak = piece.file.e_tag.as_ref().is_some_and(|tag| tag.starts_with("W/"));
    // A page cannot tell which range it got where the server does not say that it may.
    let whole = piece.range == (0..piece.file.length);
    let options = GetOptions {
        range: (!whole).then(|| GetRange::Bounded(piece.range.clone())),
        if_match: piece.file.e_tag.clone().filter(|_| !is_weak),
        ..GetOptions::default()
    };
    let key = &piece.file.key;
    let found = match store.get_opts(key, options).await {
        Ok(found) => found,
        // It was there when the model was loaded.
        Err(E::NotFound { .. } | E::Precondition { .. }) => return Err(replaced()),
        Err(error) => return Err(on("read", key)(error)),
    };
    let other_tag = match (&piece.file.e_tag, &found.meta.e_tag) {
        (Some(expected), Some(found)) if is_weak => strong(expected) != strong(found),
        _ => false,
    };
    if other_tag || found.meta.size != piece.file.length {
        return Err(replaced());
    }
    // No more is kept than was asked for, whatever comes.
    let mut left = piece.range.end - piece.range.start;
    let mut chunks = Vec::new();
    let mut stream = found.into_stream();
    while let Some(chunk) = stream.next().await {
        let chunk: Bytes = chunk.map_err(on("read", key))?;
        left = left.checked_sub(chunk.len() as u64).ok_or_else(|| another_range(key))?;
        chunks.push(chunk);
    }
    if left == 0 { Ok(chunks) } else { Err(another_range(key)) }
}

fn another_range(key: &Path) -> Error {
    Error::corrupt(format!("the store gave another range of `{}` than asked for", shown(key)))
}

/// Adds a piece to the checksum of its object, and compares where the object is complete.
fn add(checksum: &mut Checksum, piece: &Piece, chunks: &[Bytes], verify: bool) -> Result<()> {
    let (file, range) = (&piece.file, &piece.range);
    if range.start == 0 {
        *checksum = Checksum::new();
    }
    let Some(expected) = file.integrity.filter(|_| verify && checksum.byte_length() == range.start)
    else {
        return Ok(());
    };
    chunks.iter().for_each(|chunk| checksum.update(chunk));
    // Only an object that was read whole has a checksum to compare.
    if checksum.byte_length() == file.length && checksum.finish() != expected.crc64nvme {
        let message = format!("the weight object `{}` fails its checksum", shown(&file.key));
        return Err(Error::corrupt(message));
    }
    Ok(())
}

/// The pieces that make up `range` of all bytes, one after the other as they are wanted.
fn pieces(files: &Arc<[WeightObject]>, range: &Range<u64>) -> impl Iterator<Item = Piece> + use<> {
    let (files, range) = (files.clone(), range.clone());
    (0..files.len()).flat_map(move |index| {
        let file = files.get(index).cloned();
        let range = range.clone();
        file.into_iter().flat_map(move |file| {
            let within = |at: u64| at.clamp(file.start, file.start + file.length) - file.start;
            let (mut from, end) = (within(range.start), within(range.end));
            std::iter::from_fn(move || {
                let to = end.min(from + CHUNK_BYTES);
                let piece = (from < end).then(|| Piece { file: file.clone(), range: from..to });
                from = to;
                piece
            })
        })
    })
}
