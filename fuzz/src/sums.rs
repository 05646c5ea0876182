//! Checksums of zip archives, set right: one that is changed anywhere would be refused for that alone.

use std::io::Read;

use flate2::{Crc, read::DeflateDecoder};

/// As much of a member as is unpacked for its checksum.
const MOST: u64 = 1 << 20;

/// Gives each member of `archive` that its directory finds the checksum of what it has.
pub fn mend(archive: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = find(archive, at, b"PK\x01\x02") {
        at = found + 4;
        let _ = mend_member(archive, found);
    }
}

/// The member whose entry in the directory begins at `entry`; `None` if there is none.
fn mend_member(archive: &mut [u8], entry: usize) -> Option<()> {
    let (method, packed) = (number::<2>(archive, entry + 10)?, number::<4>(archive, entry + 20)?);
    let header = number::<4>(archive, entry + 42)?;
    let (name, extra) = (number::<2>(archive, header + 26)?, number::<2>(archive, header + 28)?);
    let data = archive.get(header + 30 + name + extra..)?.get(..packed)?;
    let mut bytes = Vec::new();
    match method {
        0 => bytes.extend_from_slice(data),
        8 => _ = DeflateDecoder::new(data).take(MOST).read_to_end(&mut bytes),
        _ => return None,
    }
    let mut crc = Crc::new();
    crc.update(&bytes);
    for place in [entry + 16, header + 14] {
        archive.get_mut(place..place + 4)?.copy_from_slice(&crc.sum().to_le_bytes());
    }
    Some(())
}

fn find(bytes: &[u8], from: usize, mark: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(mark.len()).position(|window| window == mark).map(|at| from + at)
}

/// The number of `N` bytes at `at`, least first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..)?.get(..N)?;
    Some(digits.iter().rev().fold(0, |number, digit| number << 8 | usize::from(*digit)))
}
