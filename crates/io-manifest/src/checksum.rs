//! The checksum of a weight file: CRC-64/NVME.
//!
//! Chosen because it is fast on every target, can be combined from parts that were read in any
//! order, and is one that object stores compute themselves.

#[cfg(target_family = "wasm")]
use crate::crc64::{Digest, combine};
#[cfg(not(target_family = "wasm"))]
use native::{Digest, combine};

/// What a model file says about one weight file beyond its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIntegrity {
    /// How many bytes the file has.
    pub bytes: u64,
    /// The CRC-64/NVME of the bytes.
    pub crc64nvme: u64,
}

impl FileIntegrity {
    /// Length and checksum of the bytes of all files, one after the other; `None` where those of one
    /// are not known.
    ///
    /// ```
    /// # use io_manifest::{Checksum, FileIntegrity};
    /// let of = |bytes: &[u8]| {
    ///     let mut checksum = Checksum::new();
    ///     checksum.update(bytes);
    ///     checksum.integrity()
    /// };
    /// let files = [Some(of(b"ab")), Some(of(b"")), Some(of(b"c"))];
    /// assert_eq!(FileIntegrity::of_all(files), Some(of(b"abc")));
    /// assert_eq!(FileIntegrity::of_all([Some(of(b"ab")), None]), None);
    /// ```
    pub fn of_all(files: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        files.into_iter().try_fold(Checksum::new().integrity(), |first, second| {
            let second = second?;
            let crc64nvme = combine(first.crc64nvme, second.crc64nvme, second.bytes);
            Some(Self { bytes: first.bytes.checked_add(second.bytes)?, crc64nvme })
        })
    }
}

/// A checksum in the making.
#[derive(Clone)]
pub struct Checksum {
    digest: Digest,
    bytes: u64,
}

impl Checksum {
    /// The checksum of no bytes.
    pub fn new() -> Self {
        Self { digest: Digest::new(), bytes: 0 }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    /// The CRC-64/NVME of the bytes so far.
    pub fn finish(&self) -> u64 {
        self.digest.finalize()
    }

    /// How many bytes there were so far.
    pub fn byte_length(&self) -> u64 {
        self.bytes
    }

    /// Length and checksum of the bytes so far, as a manifest holds them.
    pub fn integrity(&self) -> FileIntegrity {
        FileIntegrity { bytes: self.bytes, crc64nvme: self.finish() }
    }

    /// The checksum of two runs of bytes, one after the other, from the checksums of the two and the
    /// length of the second.
    pub fn combine(first: u64, second: u64, second_len: u64) -> u64 {
        combine(first, second, second_len)
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checksum")
            .field("bytes", &self.bytes)
            .field("crc64nvme", &format_args!("{:016x}", self.finish()))
            .finish()
    }
}

/// The same by vector instructions.
#[cfg(not(target_family = "wasm"))]
mod native {
    use crc_fast::{CrcAlgorithm, checksum_combine};

    #[derive(Clone)]
    pub(super) struct Digest(crc_fast::Digest);

    impl Digest {
        pub(super) fn new() -> Self {
            Self(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme))
        }

        pub(super) fn update(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        pub(super) fn finalize(&self) -> u64 {
            self.0.finalize()
        }
    }

    pub(super) fn combine(first: u64, second: u64, second_len: u64) -> u64 {
        checksum_combine(CrcAlgorithm::Crc64Nvme, first, second, second_len)
    }
}

#[cfg(test)]
mod tests {
    use super::Checksum;

    fn of(bytes: &[u8]) -> u64 {
        let mut checksum = Checksum::new();
        checksum.update(bytes);
        checksum.finish()
    }

    /// The check value of the catalogue of parametrised CRC algorithms, and a bit by bit reference.
    #[test]
    fn is_crc_64_nvme() {
        assert_eq!(of(b"123456789"), 0xAE8B_1486_0A79_9888);
        let bytes: Vec<u8> = (0..251).cycle().take(5_000).collect();
        for length in [0, 1, 7, 8, 15, 16, 127, 128, 129, 255, 256, 1_023, 5_000] {
            let mut crc = u64::MAX;
            for &byte in &bytes[..length] {
                crc ^= u64::from(byte);
                for _ in 0..8 {
                    crc = (crc >> 1) ^ (0x9A6C_9329_AC4B_C9B5 & (crc & 1).wrapping_neg());
                }
            }
            assert_eq!(of(&bytes[..length]), !crc, "{length}");
        }
    }

    #[test]
    fn parts_combine_to_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        for cut in [0, 1, 8, 500, 999, 1_000] {
            let (first, second) = bytes.split_at(cut);
            let combined = Checksum::combine(of(first), of(second), second.len() as u64);
            assert_eq!(combined, of(&bytes), "{cut}");
            let mut pieces = Checksum::new();
            pieces.update(first);
            pieces.update(second);
            assert_eq!(pieces.integrity().crc64nvme, of(&bytes));
            assert_eq!(pieces.byte_length(), 1_000);
        }
    }
}
