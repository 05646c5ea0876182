//! Weights that stay in the database until they are read.

use std::ops::Range;

use blocking::unblock;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use io_core::{
    Error, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource, WeightStream,
};
use io_manifest::{Checksum, FileIntegrity};

use crate::{
    database::{CHUNK_BYTES, Database},
    location::Location,
};

/// The weights of one version of a model.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWeights {
    pub(crate) url: ModelUrl,
    pub(crate) location: Location,
    /// The id that no other version has.
    pub(crate) model: i64,
    pub(crate) length: u64,
    /// What the bytes have to be, where that is to be verified.
    pub(crate) integrity: Option<FileIntegrity>,
    pub(crate) progress: Option<ProgressCallback>,
}

impl WeightSource for SqliteWeights {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let meter =
            ProgressMeter::new(self.progress.clone(), range.end.saturating_sub(range.start));
        let reader = Reader {
            // A checksum can only be compared when all bytes pass.
            checksum: (range == (0..self.length)).then(Checksum::new),
            weights: self.clone(),
            rest: range,
            database: None,
            meter,
        };
        let url = self.url.clone();
        // Nothing is opened before the stream is polled.
        let pieces = stream::try_unfold(reader, |mut reader| {
            unblock(move || Ok(reader.next()?.map(|bytes| (bytes, reader))))
        });
        Box::pin(pieces.map_err(move |error: Error| error.with_context(Operation::Load, &url)))
    }
}

struct Reader {
    weights: SqliteWeights,
    rest: Range<u64>,
    database: Option<Database>,
    checksum: Option<Checksum>,
    meter: ProgressMeter,
}

impl Reader {
    fn next(&mut self) -> Result<Option<Bytes>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let database = match self.database.take() {
            Some(open) => open,
            None => Database::open(&self.weights.location)?,
        };
        let number = self.rest.start / CHUNK_BYTES;
        let chunk = Bytes::from(database.chunk(self.weights.model, number)?);
        self.database = Some(database);

        let start = number * CHUNK_BYTES;
        if chunk.len() as u64 != CHUNK_BYTES.min(self.weights.length.saturating_sub(start)) {
            return Err(Error::corrupt("a part of the weights has the wrong length"));
        }
        // Both lie within the chunk, whose length is a usize.
        let within = |at: u64| usize::try_from(at - start).unwrap_or(usize::MAX).min(chunk.len());
        let bytes = chunk.slice(within(self.rest.start)..within(self.rest.end));
        self.rest.start += bytes.len() as u64;
        self.verify(&bytes)?;
        self.meter.add(bytes.len() as u64);
        Ok(Some(bytes))
    }

    /// Fails in place of the last piece when the checksum is another.
    fn verify(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(checksum), Some(expected)) = (&mut self.checksum, self.weights.integrity) else {
            return Ok(());
        };
        checksum.update(bytes);
        if self.rest.is_empty() && checksum.integrity() != expected {
            return Err(Error::corrupt("the weights fail their checksum"));
        }
        Ok(())
    }
}
