//! Writing weights into the files of a model, with their checksums.

use std::{
    fs::File,
    io::Write,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    vec,
};

use blocking::{Task, unblock};
use bytes::Bytes;
use cap_std::fs::Dir;
use futures::{
    StreamExt,
    future::{self, Either},
    stream::Fuse,
};
use io_core::{Error, ErrorKind, ProgressMeter, Result, WeightStream, Weights};
use io_manifest::{Checksum, FileIntegrity, Shard};

use crate::{error::on, staging, sync::Durability};

/// The most that is handed to one write: large enough that the hand-over costs nothing, small
/// enough for progress and for cancelling.
const PIECE_BYTES: usize = 8 << 20;

/// How many bytes of small chunks are handed over together at most: a hand-over wakes another thread,
/// which costs as much as writing what a socket gives at a time.
const BATCH_BYTES: usize = 1 << 20;

/// What is written before it is summed: it is still in the cache then.
const STEP_BYTES: usize = 512 << 10;

/// How much is written before the system is asked to begin with the disk. Without it the disk waits
/// for the last byte, and then everything waits for the disk.
const FLUSH_BYTES: u64 = 16 << 20;

/// Writes `weights` into the files `shards` of `dir`, and returns what each holds, in order.
///
/// The next chunks are fetched and those before are flushed while some are written, so two batches
/// are in memory.
pub(crate) async fn write_weights(
    dir: Dir,
    shards: Vec<Shard>,
    weights: &Weights,
    meter: &ProgressMeter,
    durability: Durability,
) -> Result<Vec<FileIntegrity>> {
    let ends = EndsOnDrop(Arc::new(Mutex::new(Some(dir))));
    let mut writer = Writer {
        dir: ends.0.clone(),
        shards: shards.into_iter(),
        open: None,
        done: Vec::new(),
        unflushed: 0,
        durability,
    };
    // One at a time: a disk that is slower than the source holds it back.
    let mut flush: Option<Task<Result<()>>> = None;
    let mut arriving = Arriving { stream: weights.stream().fuse(), rest: Bytes::new() };
    let mut batch: Vec<Bytes> = arriving.next().await?.into_iter().collect();
    while !batch.is_empty() {
        let bytes = batch.iter().map(|chunk| chunk.len() as u64).sum();
        let write = unblock(move || {
            batch.iter().try_for_each(|chunk| writer.write(chunk))?;
            Ok::<_, Error>(writer)
        });
        let (written, following) = arriving.beside(write).await;
        writer = written?;
        meter.add(bytes);
        if let Some((name, file)) = writer.due_for_flush() {
            if let Some(earlier) = flush.take() {
                earlier.await?;
            }
            flush = Some(unblock(move || file.sync_data().map_err(on("flush", name))));
        }
        batch = following?;
    }
    if let Some(last) = flush {
        last.await?;
    }
    unblock(move || writer.finish()).await
}

/// Weights that come while others are written.
struct Arriving {
    stream: Fuse<WeightStream>,
    /// Of a chunk that is larger than a piece.
    rest: Bytes,
}

impl Arriving {
    /// The next chunk, or a piece of a large one; nothing lost if it is given up.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        while self.rest.is_empty() {
            match self.stream.next().await.transpose()? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(None),
            }
        }
        Ok(Some(self.rest.split_to(self.rest.len().min(PIECE_BYTES))))
    }

    /// Does `work`, and gives what came meanwhile, at least one piece; nothing at the end.
    async fn beside<T>(&mut self, mut work: Task<T>) -> (T, Result<Vec<Bytes>>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES {
            match future::select(&mut work, pin!(self.next())).await {
                Either::Left((done, next)) => {
                    // There is nothing to do without another one.
                    let following = if batch.is_empty() {
                        next.await.map(|piece| piece.into_iter().collect())
                    } else {
                        Ok(batch)
                    };
                    return (done, following);
                }
                Either::Right((Ok(Some(piece)), _)) => {
                    bytes += piece.len();
                    batch.push(piece);
                }
                Either::Right((Ok(None), _)) => break,
                Either::Right((Err(error), _)) => return (work.await, Err(error)),
            }
        }
        (work.await, Ok(batch))
    }
}

/// Cuts a stream of bytes into files.
struct Writer {
    dir: Arc<Mutex<Option<Dir>>>,
    shards: vec::IntoIter<Shard>,
    open: Option<OpenShard>,
    done: Vec<FileIntegrity>,
    /// Bytes of the open file that no flush was asked for yet.
    unflushed: u64,
    durability: Durability,
}

struct OpenShard {
    name: String,
    file: Arc<File>,
    remaining: u64,
    checksum: Checksum,
}

impl Writer {
    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let shard = match &mut self.open {
                Some(shard) if shard.remaining > 0 => shard,
                _ => {
                    self.next_shard()?;
                    continue;
                }
            };
            let fits = usize::try_from(shard.remaining).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(fits);
            for step in now.chunks(STEP_BYTES) {
                shard.file.as_ref().write_all(step).map_err(on("write", &shard.name))?;
                shard.checksum.update(step);
            }
            shard.remaining -= now.len() as u64;
            self.unflushed += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// The open file, when so much of it is unflushed that the disk should begin.
    fn due_for_flush(&mut self) -> Option<(String, Arc<File>)> {
        if !self.durability.fsync || self.unflushed < FLUSH_BYTES {
            return None;
        }
        self.unflushed = 0;
        self.open.as_ref().map(|shard| (shard.name.clone(), shard.file.clone()))
    }

    fn next_shard(&mut self) -> Result<()> {
        self.close()?;
        let Some(Shard { name, range, .. }) = self.shards.next() else {
            return Err(Error::corrupt("there are more weights than was said"));
        };
        // Locked until the file is there, so that who gives the save up finds and removes it.
        let file = match &*lock(&self.dir) {
            Some(dir) => Arc::new(staging::create_file(dir, &name)?),
            None => return Err(Error::new(ErrorKind::Cancelled, "the save was given up")),
        };
        self.unflushed = 0;
        let remaining = range.end.saturating_sub(range.start);
        self.open = Some(OpenShard { name, file, remaining, checksum: Checksum::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(OpenShard { name, file, remaining, checksum }) = self.open.take() {
            if remaining > 0 {
                return Err(Error::corrupt("there are fewer weights than was said"));
            }
            self.durability.file(&file, &name)?;
            self.done.push(FileIntegrity {
                bytes: checksum.byte_length(),
                crc64nvme: checksum.finish(),
            });
        }
        Ok(())
    }

    /// Makes the files that have no bytes, and closes the last one.
    fn finish(mut self) -> Result<Vec<FileIntegrity>> {
        while !self.shards.as_slice().is_empty() {
            self.next_shard()?;
        }
        self.close()?;
        Ok(self.done)
    }
}

/// Takes the directory from the writing thread, which does not know that nobody waits for it any more:
/// no file is made after this.
struct EndsOnDrop(Arc<Mutex<Option<Dir>>>);

impl Drop for EndsOnDrop {
    fn drop(&mut self) {
        lock(&self.0).take();
    }
}

fn lock(dir: &Mutex<Option<Dir>>) -> MutexGuard<'_, Option<Dir>> {
    dir.lock().unwrap_or_else(PoisonError::into_inner)
}
