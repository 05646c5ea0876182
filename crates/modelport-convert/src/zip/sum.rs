//! The checksum of a member.

use crc_fast::{CrcAlgorithm, Digest};
use futures::TryStreamExt;
use io_core::{Result, Weights};

/// The CRC-32 of `data`, which is read.
///
/// # Errors
///
/// What reading fails with.
pub(super) async fn sum(data: &Weights) -> Result<u32> {
    let mut digest = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
    let mut stream = data.stream();
    while let Some(piece) = stream.try_next().await? {
        digest.update(&piece);
    }
    // 32 bits of it are used.
    Ok(u32::try_from(digest.finalize()).unwrap_or_default())
}
