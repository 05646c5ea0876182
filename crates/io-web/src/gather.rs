//! Weights into one buffer of JavaScript, and the checksum of what is there.

use futures::StreamExt;
use io_core::{ProgressMeter, Result, Weights};
use io_manifest::{Checksum, FileIntegrity};
use js_sys::Uint8Array;

use crate::{array_length, bytes::window, copy_in, new_array};

/// How much is brought over at a time for its checksum: it stays in the processor's cache.
const LOOK_BYTES: usize = 64 << 10;

/// All bytes of some weights, outside our memory.
#[derive(Debug)]
pub struct Gathered {
    /// The bytes.
    pub array: Uint8Array,
    /// Their length and checksum.
    pub integrity: FileIntegrity,
    /// How many bytes progress has not been told of: they count when they are stored.
    pub last: u64,
}

/// Reads the stream of `weights` into one new array, and tells `meter`.
///
/// # Errors
///
/// - `OutOfMemory` when the browser does not give that much.
/// - What the stream fails with.
pub async fn gather(weights: &Weights, meter: &ProgressMeter) -> Result<Gathered> {
    let array = new_array(weights.byte_length())?;
    let (mut stream, mut checksum, mut last) = (weights.stream(), Checksum::new(), 0);
    while let Some(bytes) = stream.next().await {
        let bytes = bytes?;
        copy_in(&array, checksum.byte_length(), &bytes)?;
        checksum.update(&bytes);
        meter.add(std::mem::replace(&mut last, bytes.len() as u64));
    }
    Ok(Gathered { array, integrity: checksum.integrity(), last })
}

/// Length and checksum of the bytes that are there.
///
/// # Errors
///
/// `Corrupt` when the array is a view of a buffer that was transferred.
pub fn integrity_of(array: &Uint8Array) -> Result<FileIntegrity> {
    let mut checksum = Checksum::new();
    look_at(array, |bytes| {
        checksum.update(bytes);
        Ok(())
    })?;
    Ok(checksum.integrity())
}

/// Shows `look` all bytes, a few at a time.
///
/// # Errors
///
/// What `look` fails with; `Corrupt` when the array is a view of a buffer that was transferred.
pub(crate) fn look_at(array: &Uint8Array, mut look: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut room = vec![0; LOOK_BYTES];
    let (mut from, end) = (0, array_length(array));
    while from < end {
        let to = end.min(from + LOOK_BYTES as u64);
        let part = window(array, from..to)?;
        // Never longer than the room.
        let Some(bytes) = room.get_mut(..part.length() as usize) else { break };
        part.copy_to(bytes);
        look(bytes)?;
        from = to;
    }
    Ok(())
}
