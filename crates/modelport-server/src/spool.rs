//! Weights on their way to the store: straight from the request, or from a file without a name where
//! their length is not known before.

use std::{
    fs::File,
    io::Write as _,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use io_core::{Error, ErrorKind, Result, WeightSource, WeightStream, Weights};
use tokio::task::spawn_blocking;

/// How much is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// Weights that can be read once.
pub(crate) struct Once {
    length: u64,
    stream: Mutex<Option<WeightStream>>,
}

impl Once {
    pub(crate) fn new(length: u64, stream: WeightStream) -> Self {
        Self { length, stream: Mutex::new(Some(stream)) }
    }
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("length", &self.length).finish_non_exhaustive()
    }
}

impl WeightSource for Once {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        match stream {
            Some(stream) if range == (0..self.length) => stream,
            _ => {
                let message =
                    "the weights of an upload can be read once, from the first to the last byte";
                Box::pin(stream::iter([Err(Error::new(ErrorKind::Unsupported, message))]))
            }
        }
    }
}

/// Weights in a file that is open.
#[derive(Debug)]
struct InFile {
    file: Arc<File>,
    length: u64,
}

/// The first `length` bytes of `file`, which nobody else reads.
pub(crate) fn in_file(file: Arc<File>, length: u64) -> Weights {
    Weights::from_source(InFile { file, length })
}

/// Writes `weights` into a file that has no name: whatever happens, nothing of it stays.
///
/// # Errors
///
/// What the stream fails with; `Unexpected` when the file cannot be written.
pub(crate) async fn spool(mut weights: WeightStream) -> Result<Weights> {
    let mut file = blocking(tempfile::tempfile).await?;
    let mut length = 0_u64;
    while let Some(chunk) = weights.next().await {
        let chunk = chunk?;
        length = length.saturating_add(chunk.len() as u64);
        file = blocking(move || file.write_all(&chunk).map(|()| file)).await?;
    }
    Ok(in_file(Arc::new(file), length))
}

impl WeightSource for InFile {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let file = self.file.clone();
        let chunks = stream::try_unfold(range, move |range| {
            let file = file.clone();
            async move {
                let length = range.end.saturating_sub(range.start).min(CHUNK_BYTES);
                if length == 0 {
                    return Ok(None);
                }
                let start = range.start;
                let bytes = blocking(move || read_at(&file, start, length)).await?;
                Ok::<_, Error>(Some((bytes, start + length..range.end)))
            }
        });
        Box::pin(chunks.into_stream())
    }
}

fn read_at(mut file: &File, start: u64, length: u64) -> std::io::Result<Bytes> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let failed = |source: io_core::BoxError| {
        Error::new(ErrorKind::Unexpected, "a file of the server cannot be used").with_source(source)
    };
    match spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(error.into())),
        Err(error) => Err(failed(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Once, spool};
    use bytes::Bytes;
    use futures::{StreamExt as _, TryStreamExt as _, stream};
    use io_core::{ErrorKind, Weights};

    #[tokio::test]
    async fn a_second_reader_is_told() {
        let bytes = stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed();
        let weights = Weights::from_source(Once::new(3, bytes));
        assert_eq!(weights.to_bytes().await.unwrap(), "abc");
        assert_eq!(weights.to_bytes().await.unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[tokio::test]
    async fn what_was_spooled_is_read_again_and_again() {
        let piece = Bytes::from(vec![7; 700_000]);
        let weights = spool(stream::iter([Ok(piece.clone()), Ok(piece)]).boxed()).await.unwrap();
        assert_eq!(weights.byte_length(), 1_400_000);
        for range in [0..1_400_000, 1_399_999..1_400_000, 5..5] {
            let read: Vec<_> = weights.stream_range(range.clone()).try_collect().await.unwrap();
            assert_eq!(read.concat().len() as u64, range.end - range.start);
        }
    }
}
