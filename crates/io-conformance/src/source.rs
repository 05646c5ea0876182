//! Weights from a source that watches how it is read, and breaks where it is told to.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use futures::stream;
use io_core::{Error, ErrorKind, WeightSource, WeightStream, Weights};

use crate::{cancel::pause, samples::noise};

/// Where a [`Source`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nowhere.
    None,
    /// It fails instead of giving the chunk of this number.
    At(usize),
    /// It ends one byte before its end.
    Short,
    /// It gives a byte after its end.
    Long,
}

/// A source of chunks of equal length. Clones watch together.
#[derive(Clone)]
pub(crate) struct Source {
    chunk: Bytes,
    chunks: usize,
    fault: Fault,
    watch: Arc<Watch>,
}

#[derive(Debug, Default)]
struct Watch {
    streams: AtomicU64,
    given: AtomicU64,
    held: AtomicU64,
    peak: AtomicU64,
    gone: AtomicBool,
}

impl Source {
    /// `chunks` times the same `length` bytes, which differ by `seed`.
    pub(crate) fn new(seed: u8, chunks: usize, length: usize) -> Self {
        let chunk = noise(seed, length);
        Self { chunk, chunks, fault: Fault::None, watch: Arc::default() }
    }

    pub(crate) fn breaking(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    pub(crate) fn weights(&self) -> Weights {
        Weights::from_source(self.clone())
    }

    /// What the source gives when nothing breaks.
    pub(crate) fn whole(&self) -> Weights {
        Weights::from_parts(std::iter::repeat_n(self.chunk.clone(), self.chunks))
    }

    /// From now on every read fails.
    pub(crate) fn take_away(&self) {
        self.watch.gone.store(true, SeqCst);
    }

    /// How many streams were asked for.
    pub(crate) fn streams(&self) -> u64 {
        self.watch.streams.load(SeqCst)
    }

    /// How many bytes were given.
    pub(crate) fn given(&self) -> u64 {
        self.watch.given.load(SeqCst)
    }

    /// How many of the bytes that were given were held at one time, at most.
    pub(crate) fn peak(&self) -> u64 {
        self.watch.peak.load(SeqCst)
    }

    /// The piece of chunk `number` that lies in `range`.
    fn piece(&self, number: usize, range: &Range<u64>) -> Bytes {
        let start = (number * self.chunk.len()) as u64;
        let within = |at: u64| {
            usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(self.chunk.len())
        };
        let (from, to) = (within(range.start), within(range.end));
        self.chunk.slice(from.min(to)..to)
    }

    /// `piece`, counted until it is dropped.
    fn give(&self, piece: Bytes) -> Bytes {
        let length = piece.len() as u64;
        self.watch.given.fetch_add(length, SeqCst);
        let held = self.watch.held.fetch_add(length, SeqCst) + length;
        self.watch.peak.fetch_max(held, SeqCst);
        Bytes::from_owner(Counted { piece, watch: self.watch.clone() })
    }

    /// What comes of chunk `number`.
    async fn next(&self, number: usize, range: &Range<u64>) -> Option<Result<Bytes, Error>> {
        // Not ready at once, so that others have their turn and a caller can give up here.
        pause().await;
        if self.watch.gone.load(SeqCst) {
            return Some(Err(broken("the source of the weights is gone")));
        }
        let at_end = range.end == self.byte_length();
        if number >= self.chunks {
            let extra = self.fault == Fault::Long && at_end && number == self.chunks;
            return extra.then(|| Ok(self.give(Bytes::from_static(b"!"))));
        }
        let mut piece = self.piece(number, range);
        if self.fault == Fault::At(number) && !piece.is_empty() {
            return Some(Err(broken("the source of the weights broke")));
        }
        if self.fault == Fault::Short && at_end && number + 1 == self.chunks {
            piece.truncate(piece.len().saturating_sub(1));
        }
        Some(Ok(self.give(piece)))
    }
}

impl WeightSource for Source {
    fn byte_length(&self) -> u64 {
        (self.chunk.len() * self.chunks) as u64
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        self.watch.streams.fetch_add(1, SeqCst);
        let source = self.clone();
        Box::pin(stream::unfold((source, 0), move |(source, number)| {
            let range = range.clone();
            async move {
                let item = source.next(number, &range).await?;
                // After an error there is nothing more.
                let next = if item.is_ok() { number + 1 } else { usize::MAX };
                Some((item, (source, next)))
            }
        }))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("chunk", &self.chunk.len())
            .field("chunks", &self.chunks)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// What every broken source fails with: a kind that no handler would choose by itself here.
pub(crate) const BROKEN: ErrorKind = ErrorKind::PermissionDenied;

fn broken(message: &str) -> Error {
    Error::new(BROKEN, message).with_source(std::io::Error::other("the plug was pulled"))
}

struct Counted {
    piece: Bytes,
    watch: Arc<Watch>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.watch.held.fetch_sub(self.piece.len() as u64, SeqCst);
    }
}
