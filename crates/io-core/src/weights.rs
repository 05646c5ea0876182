//! The bytes of a model's weights: whole, or streaming from where they are.

use std::{any::Any, fmt, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, future, stream};

use crate::{BoxStream, Error, ErrorKind, MaybeSend, MaybeSync, Result};

/// Bytes on their way, in order, in pieces of any size.
pub type WeightStream = BoxStream<'static, Result<Bytes>>;

/// Where weights can be read from again and again: a file, an object, a `Blob`.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait WeightSource: fmt::Debug + MaybeSend + MaybeSync {
    /// How many bytes there are, known without reading them.
    fn byte_length(&self) -> u64;

    /// A fresh stream of the bytes in `range`, which lies within the length.
    ///
    /// The bytes belong to the model that was loaded, or the stream fails. A checksum that covers
    /// more than the range is not verified.
    fn stream(&self, range: Range<u64>) -> WeightStream;

    /// All bytes, as a list of pieces. A source that can read faster than one piece after another
    /// does so here.
    ///
    /// # Errors
    ///
    /// What its stream would fail with.
    async fn read(&self) -> Result<Vec<Bytes>> {
        self.stream(0..self.byte_length()).try_collect().await
    }

    /// The CRC-64/NVME of all bytes, where the place of the weights keeps it, and a stream of all of
    /// them fails if it is another. Known without reading them; `None` by default.
    fn crc64nvme(&self) -> Option<u64> {
        None
    }

    /// The fast path between handlers of one platform, which [`Weights::source_as`] asks for: the
    /// source itself, or one inside it of the same bytes, for those who know its type and can take
    /// the bytes in another form than a stream. `None` by default.
    ///
    /// Whoever takes it passes by what the stream does on the way: checksums are not verified and
    /// progress is not told.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// The bytes of all weights of a model, in the order of their specs.
///
/// Either an ordered list of buffers, which nobody joins unless asked, or a source that gives a
/// fresh stream of a known length as often as it is asked for. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Weights(Inner);

#[derive(Clone)]
enum Inner {
    Whole(Arc<[Bytes]>),
    Source(Arc<dyn WeightSource>),
}

impl Weights {
    /// Weights in memory: `parts` one after the other.
    pub fn from_parts(parts: impl IntoIterator<Item = Bytes>) -> Self {
        Self(Inner::Whole(parts.into_iter().collect()))
    }

    /// Weights that are read from `source` when they are needed.
    pub fn from_source(source: impl WeightSource + 'static) -> Self {
        Self(Inner::Source(Arc::new(source)))
    }

    /// How many bytes there are.
    pub fn byte_length(&self) -> u64 {
        match &self.0 {
            Inner::Whole(parts) => parts.iter().map(|part| part.len() as u64).sum(),
            Inner::Source(source) => source.byte_length(),
        }
    }

    /// The CRC-64/NVME of all bytes, when the source keeps it: it is known without reading them, and
    /// verified as they are read. `None` for weights in memory.
    ///
    /// ```
    /// # use io_core::Weights;
    /// assert_eq!(Weights::from(vec![1, 2, 3]).crc64nvme(), None);
    /// ```
    pub fn crc64nvme(&self) -> Option<u64> {
        match &self.0 {
            Inner::Whole(_) => None,
            Inner::Source(source) => source.crc64nvme(),
        }
    }

    /// The buffers, when the weights are in memory.
    pub fn parts(&self) -> Option<&[Bytes]> {
        match &self.0 {
            Inner::Whole(parts) => Some(parts),
            Inner::Source(_) => None,
        }
    }

    /// The source as a `T`, where it is one and [shows](WeightSource::as_any) it. Weights of any
    /// other kind have their stream, so this is only ever a shorter way.
    pub fn source_as<T: WeightSource + 'static>(&self) -> Option<&T> {
        match &self.0 {
            Inner::Whole(_) => None,
            Inner::Source(source) => source.as_any()?.downcast_ref(),
        }
    }

    /// A fresh stream of all bytes. It fails rather than end early or run over.
    pub fn stream(&self) -> WeightStream {
        self.stream_range(0..self.byte_length())
    }

    /// A fresh stream of the bytes in `range`, cut to the length. It fails rather than end early or
    /// run over.
    pub fn stream_range(&self, range: Range<u64>) -> WeightStream {
        let end = range.end.min(self.byte_length());
        let range = range.start.min(end)..end;
        match &self.0 {
            Inner::Whole(parts) => Box::pin(stream::iter(cut(parts, range)).map(Ok)),
            Inner::Source(source) => exactly(source.stream(range.clone()), range.end - range.start),
        }
    }

    /// The same weights in memory, in the pieces that the source finds best.
    ///
    /// # Errors
    ///
    /// What the source fails with; `Corrupt` when it gives another number of bytes than it said.
    pub async fn read(&self) -> Result<Self> {
        let Inner::Source(source) = &self.0 else {
            return Ok(self.clone());
        };
        let whole = Self::from_parts(source.read().await?);
        if whole.byte_length() == source.byte_length() {
            Ok(whole)
        } else {
            Err(wrong_length(source.byte_length(), whole.byte_length()))
        }
    }

    /// All bytes in one buffer. The only call that joins: when there are several pieces it needs
    /// twice the memory for a moment.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read); `OutOfMemory` when there is no room for the joined buffer.
    pub async fn to_bytes(&self) -> Result<Bytes> {
        let whole = self.read().await?;
        let parts = whole.parts().unwrap_or_default();
        if let [only] = parts {
            return Ok(only.clone());
        }
        let length = usize::try_from(whole.byte_length()).map_err(|_| too_large())?;
        // `Vec` can refuse where `BytesMut` would abort.
        let mut joined = Vec::new();
        joined.try_reserve_exact(length).map_err(|error| too_large().with_source(error))?;
        parts.iter().for_each(|part| joined.extend_from_slice(part));
        Ok(joined.into())
    }
}

impl Default for Weights {
    /// No bytes.
    fn default() -> Self {
        Self::from_parts([])
    }
}

impl From<Bytes> for Weights {
    fn from(bytes: Bytes) -> Self {
        Self::from_parts([bytes])
    }
}

impl From<Vec<u8>> for Weights {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<BytesMut> for Weights {
    fn from(bytes: BytesMut) -> Self {
        Self::from(bytes.freeze())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Never the bytes themselves.
            Self::Whole(parts) => f.debug_list().entries(parts.iter().map(Bytes::len)).finish(),
            Self::Source(source) => source.fmt(f),
        }
    }
}

/// The pieces of `parts` that lie in `range`, without copying.
fn cut(parts: &[Bytes], range: Range<u64>) -> Vec<Bytes> {
    let mut start = 0_u64;
    let mut pieces = Vec::new();
    for part in parts {
        let end = start + part.len() as u64;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            // Both lie within the part, whose length is a usize.
            let within = |at: u64| usize::try_from(at - start).unwrap_or(part.len());
            pieces.push(part.slice(within(from)..within(to)));
        }
        start = end;
    }
    pieces
}

/// `stream`, failing when it does not give exactly `expected` bytes.
fn exactly(stream: WeightStream, expected: u64) -> WeightStream {
    let ended = stream.map(Some).chain(stream::iter([None]));
    let checked = ended.scan(Some(0_u64), move |count, item| {
        future::ready(match (*count, item) {
            (Some(sum), Some(Ok(bytes))) => {
                let sum = sum + bytes.len() as u64;
                if sum <= expected {
                    *count = Some(sum);
                    Some(Ok(bytes))
                } else {
                    *count = None;
                    Some(Err(wrong_length(expected, sum)))
                }
            }
            (Some(_), Some(Err(error))) => {
                *count = None;
                Some(Err(error))
            }
            (Some(sum), None) if sum != expected => Some(Err(wrong_length(expected, sum))),
            // Complete, or failed before.
            _ => None,
        })
    });
    Box::pin(checked)
}

fn wrong_length(expected: u64, found: u64) -> Error {
    Error::corrupt(format!("the weights have {found} bytes where {expected} were expected"))
}

fn too_large() -> Error {
    Error::new(ErrorKind::OutOfMemory, "the weights do not fit into memory")
}

#[cfg(test)]
mod tests {
    use super::{WeightSource, WeightStream, Weights};
    use crate::ErrorKind;
    use bytes::Bytes;
    use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
    use std::{any::Any, ops::Range};

    /// Says one length and gives another.
    #[derive(Debug)]
    struct Liar(u64, &'static [&'static [u8]]);

    impl WeightSource for Liar {
        fn byte_length(&self) -> u64 {
            self.0
        }

        fn stream(&self, _: Range<u64>) -> WeightStream {
            Box::pin(stream::iter(self.1).map(|piece| Ok(Bytes::from_static(piece))))
        }
    }

    #[test]
    fn a_stream_of_another_length_fails() {
        for (said, ok) in [(5, true), (4, false), (6, false), (0, false)] {
            let weights = Weights::from_source(Liar(said, &[b"ab", b"", b"cde"]));
            let streamed: Result<Vec<_>, _> = block_on(weights.stream().try_collect());
            assert_eq!(streamed.is_ok(), ok, "{said}");
            match block_on(weights.to_bytes()) {
                Ok(bytes) => assert_eq!((bytes, ok), (Bytes::from_static(b"abcde"), true)),
                Err(error) => assert_eq!((error.kind(), ok), (ErrorKind::Corrupt, false)),
            }
        }
    }

    /// Shows what is inside it.
    #[derive(Debug)]
    struct Wrapped(Shown);

    #[derive(Debug)]
    struct Shown(u64);

    impl WeightSource for Shown {
        fn byte_length(&self) -> u64 {
            self.0
        }

        fn stream(&self, _: Range<u64>) -> WeightStream {
            Box::pin(stream::empty())
        }

        fn as_any(&self) -> Option<&dyn Any> {
            Some(self)
        }
    }

    impl WeightSource for Wrapped {
        fn byte_length(&self) -> u64 {
            self.0.byte_length()
        }

        fn stream(&self, range: Range<u64>) -> WeightStream {
            self.0.stream(range)
        }

        fn as_any(&self) -> Option<&dyn Any> {
            self.0.as_any()
        }
    }

    #[test]
    fn a_source_is_seen_only_where_it_shows_itself_and_by_its_type() {
        let (shown, wrapped) =
            (Weights::from_source(Shown(7)), Weights::from_source(Wrapped(Shown(8))));
        assert_eq!(shown.clone().source_as::<Shown>().map(|it| it.0), Some(7));
        assert_eq!(wrapped.source_as::<Shown>().map(|it| it.0), Some(8));
        assert!(wrapped.source_as::<Wrapped>().is_none());
        assert!(Weights::from_source(Liar(0, &[])).source_as::<Liar>().is_none());
        assert!(Weights::default().source_as::<Shown>().is_none());
    }

    #[test]
    fn ranges_are_cut_without_copying() {
        let parts = [b"ab".as_slice(), b"", b"cde", b"f"].map(Bytes::from_static);
        let weights = Weights::from_parts(parts);
        for (range, expected) in
            [(0..6, "abcdef"), (1..4, "bcd"), (2..2, ""), (5..99, "f"), (7..9, "")]
        {
            let pieces: Vec<Bytes> = block_on(weights.stream_range(range).try_collect()).unwrap();
            assert_eq!(pieces.concat(), expected.as_bytes());
        }
        assert_eq!(weights.byte_length(), 6);
    }
}
