//! Writing weights into the files of a model, with their checksums.

use std::{fs::File, io::Write, sync::Arc, vec};

use blocking::unblock;
use cap_std::fs::Dir;
use futures::{StreamExt, future};
use io_core::{Error, ProgressMeter, Result, Weights};
use io_manifest::{Checksum, FileIntegrity, Shard};

use crate::{error::on, staging, sync::Durability};

/// The most that is handed to one write: large enough that the hand-over costs nothing, small
/// enough for progress and for cancelling.
const PIECE_BYTES: usize = 8 << 20;

/// Writes `weights` into the files `shards` of `dir`, and returns what each holds, in order.
///
/// The next chunk is fetched while the last one is written, so two chunks are in memory.
pub(crate) async fn write_weights(
    dir: Arc<Dir>,
    shards: Vec<Shard>,
    weights: &Weights,
    meter: &ProgressMeter,
    durability: Durability,
) -> Result<Vec<FileIntegrity>> {
    let mut writer =
        Writer { dir, shards: shards.into_iter(), open: None, done: Vec::new(), durability };
    let mut stream = weights.stream().fuse();
    let mut chunk = stream.next().await.transpose()?;
    while let Some(mut rest) = chunk {
        let mut following = None;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            let bytes = piece.len() as u64;
            let write = unblock(move || writer.write(&piece).map(|()| writer));
            writer = if rest.is_empty() {
                let (written, next) = future::join(write, stream.next()).await;
                following = next;
                written?
            } else {
                write.await?
            };
            meter.add(bytes);
        }
        chunk = match following {
            Some(next) => Some(next?),
            // Also where the chunk was empty.
            None => stream.next().await.transpose()?,
        };
    }
    unblock(move || writer.finish()).await
}

/// Cuts a stream of bytes into files.
struct Writer {
    dir: Arc<Dir>,
    shards: vec::IntoIter<Shard>,
    open: Option<OpenShard>,
    done: Vec<FileIntegrity>,
    durability: Durability,
}

struct OpenShard {
    name: String,
    file: File,
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
            shard.file.write_all(now).map_err(on("write", &shard.name))?;
            shard.checksum.update(now);
            shard.remaining -= now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    fn next_shard(&mut self) -> Result<()> {
        self.close()?;
        let Some(Shard { name, range, .. }) = self.shards.next() else {
            return Err(Error::corrupt("there are more weights than was said"));
        };
        let file = staging::create_file(&self.dir, &name)?;
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
