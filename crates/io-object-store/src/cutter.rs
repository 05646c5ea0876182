//! Cuts a stream of weights into objects and their parts.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use io_core::{Result, Weights};
use io_manifest::{Checksum, FileIntegrity, Shard};

/// The most parts that an object may have.
const MAX_PARTS: u64 = 10_000;

/// Pieces below this are joined: a part of very many would be mostly their addresses, and each holds
/// the buffer of a network connection, which may be several times as large.
const SMALL_BYTES: usize = 1 << 20;

/// Into pieces of this size, so that no buffer grows with the part.
const JOINED_BYTES: usize = 1 << 20;

/// One part of one object, in the pieces that it came in.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) object: usize,
    pub(crate) pieces: Vec<Bytes>,
}

impl Part {
    pub(crate) fn byte_length(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }
}

/// How large the parts of an object are: all the same but the last, and not too many.
pub(crate) fn part_bytes(object_bytes: u64, wanted: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    let least = object_bytes.div_ceil(MAX_PARTS);
    if least <= wanted { wanted } else { least.div_ceil(MIB).saturating_mul(MIB) }
}

/// Sends the bytes of `weights` as parts of the objects in `shards`, and returns length and checksum
/// of each object; `None` when nobody wants them any more.
///
/// `slot` gives what takes a part once somebody is there for it, so that no part waits in memory
/// while another one is made.
///
/// # Errors
///
/// What the stream of the weights fails with.
pub(crate) async fn cut<F: Future<Output = Option<S>>, S: FnOnce(Part)>(
    weights: &Weights,
    shards: &[Shard],
    wanted_part_bytes: u64,
    mut slot: impl FnMut() -> F,
) -> Result<Option<Vec<FileIntegrity>>> {
    let mut stream = weights.stream();
    let mut rest = Bytes::new();
    let mut integrity = Vec::with_capacity(shards.len());
    for (object, shard) in shards.iter().enumerate() {
        let object_bytes = shard.range.end - shard.range.start;
        let part_bytes = part_bytes(object_bytes, wanted_part_bytes);
        let (mut checksum, mut left) = (Checksum::new(), object_bytes);
        loop {
            let Some(send) = slot().await else { return Ok(None) };
            let mut part = Joined::default();
            let mut missing = part_bytes.min(left);
            left -= missing;
            while missing > 0 {
                if rest.is_empty() {
                    // The stream fails rather than end early.
                    let Some(chunk) = stream.next().await else { break };
                    rest = chunk?;
                }
                let take = usize::try_from(missing).unwrap_or(usize::MAX).min(rest.len());
                let piece = rest.split_to(take);
                missing -= take as u64;
                checksum.update(&piece);
                part.add(piece);
            }
            send(Part { object, pieces: part.finish() });
            if left == 0 {
                break;
            }
        }
        integrity.push(checksum.integrity());
    }
    // What comes after the last byte is an error, and the stream says so.
    while let Some(chunk) = stream.next().await {
        chunk?;
    }
    Ok(Some(integrity))
}

/// Pieces, the small ones joined.
#[derive(Default)]
struct Joined {
    pieces: Vec<Bytes>,
    small: BytesMut,
}

impl Joined {
    fn add(&mut self, piece: Bytes) {
        if piece.len() < SMALL_BYTES {
            if self.small.len() + piece.len() > JOINED_BYTES {
                self.flush();
            }
            if self.small.is_empty() {
                self.small.reserve(JOINED_BYTES);
            }
            self.small.extend_from_slice(&piece);
        } else {
            self.flush();
            self.pieces.push(piece);
        }
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
    }

    fn finish(mut self) -> Vec<Bytes> {
        self.flush();
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PARTS, Part, cut, part_bytes};
    use bytes::Bytes;
    use futures::executor::block_on;
    use io_core::Weights;
    use io_manifest::{Checksum, plan_shards};
    use std::{cell::RefCell, num::NonZeroU64};

    #[test]
    fn parts_are_never_too_many() {
        for object in [0, 1, 8 << 20, 80_000 << 20, (80_000 << 20) + 1, 5 << 40, u64::MAX / 2] {
            let part = part_bytes(object, 8 << 20);
            assert!(part >= 8 << 20 && object.div_ceil(part) <= MAX_PARTS, "{object}");
        }
    }

    #[test]
    fn parts_are_equal_and_make_up_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let chunks = bytes.chunks(70_001).map(Bytes::copy_from_slice);
        let weights = Weights::from_parts(chunks);
        for shard_bytes in [None, NonZeroU64::new(100_000), NonZeroU64::new(7_777)] {
            let shards = plan_shards(300_000, shard_bytes, "w").unwrap();
            let taken = RefCell::new(Vec::<Part>::new());
            let slot = || std::future::ready(Some(|part| taken.borrow_mut().push(part)));
            let sums = block_on(cut(&weights, &shards, 30_000, slot));
            let parts = taken.into_inner();
            let sums = sums.unwrap().unwrap();
            for (index, (shard, sum)) in shards.iter().zip(sums).enumerate() {
                let own: Vec<_> = parts.iter().filter(|part| part.object == index).collect();
                let lengths: Vec<_> = own.iter().map(|part| part.byte_length()).collect();
                let (last, others) = lengths.split_last().unwrap();
                assert!(others.iter().all(|length| *length == 30_000) && *last <= 30_000);
                let whole = own.iter().flat_map(|part| part.pieces.concat()).collect::<Vec<_>>();
                let at = |offset: u64| usize::try_from(offset).unwrap();
                assert_eq!(whole, bytes[at(shard.range.start)..at(shard.range.end)]);
                let mut checksum = Checksum::new();
                checksum.update(&whole);
                assert_eq!(sum, checksum.integrity());
            }
        }
    }
}
