//! CRC-64/NVME in little code, for browsers: the quicker `crc-fast` brings the tables of every
//! algorithm, which are 750 KB that a page would have to load.

use std::sync::OnceLock;

/// The polynomial, least significant bit first, without its highest term.
const POLYNOMIAL: u64 = 0x9A6C_9329_AC4B_C9B5;

/// How many bytes are taken at a time.
const STEP: usize = 8;

/// How many bytes each of two sums takes that are computed at once. One alone leaves the processor
/// idle half of the time: each step waits for the one before.
const HALF: usize = 16 << 10;

/// What each byte does to the sum when that many zeros follow it.
type Tables = [[u64; 256]; STEP];

/// A checksum in the making.
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    state: u64,
    tables: &'static Tables,
    /// What [`HALF`] zeros do to a sum, as a factor.
    half: u64,
}

impl Digest {
    pub(crate) fn new() -> Self {
        static TABLES: OnceLock<(Box<Tables>, u64)> = OnceLock::new();
        let (tables, half) = TABLES.get_or_init(|| (tables(), zeros(HALF as u64)));
        Self { state: u64::MAX, tables, half: *half }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let mut state = self.state;
        let (blocks, rest) = bytes.as_chunks::<{ 2 * HALF }>();
        for block in blocks {
            let (first, second) = block.split_at(HALF);
            let (first, second) = (first.as_chunks::<STEP>().0, second.as_chunks::<STEP>().0);
            let mut other = 0;
            for (one, two) in first.iter().zip(second) {
                state = step(self.tables, state, one);
                other = step(self.tables, other, two);
            }
            state = product(state, self.half) ^ other;
        }
        let (steps, rest) = rest.as_chunks::<STEP>();
        for bytes in steps {
            state = step(self.tables, state, bytes);
        }
        let [first, ..] = self.tables;
        for byte in rest {
            let [low, ..] = state.to_le_bytes();
            state = entry(first, low ^ byte) ^ (state >> 8);
        }
        self.state = state;
    }

    pub(crate) fn finalize(&self) -> u64 {
        !self.state
    }
}

/// The checksum of two runs of bytes, one after the other.
pub(crate) fn combine(first: u64, second: u64, second_len: u64) -> u64 {
    product(first, zeros(second_len)) ^ second
}

/// What so many zero bytes that follow do to a sum, as a factor: x to the number of their bits.
fn zeros(bytes: u64) -> u64 {
    let (mut factor, mut power, mut rest) = (1 << 63, 1 << 55, bytes);
    while rest > 0 {
        if rest & 1 == 1 {
            factor = product(factor, power);
        }
        power = product(power, power);
        rest >>= 1;
    }
    factor
}

/// The product of two polynomials, whose highest bits are their constant terms.
fn product(first: u64, mut second: u64) -> u64 {
    let mut product = 0;
    for bit in (0..u64::BITS).rev() {
        product ^= second & (first >> bit & 1).wrapping_neg();
        second = times_x(second);
    }
    product
}

fn times_x(polynomial: u64) -> u64 {
    (polynomial >> 1) ^ (POLYNOMIAL & (polynomial & 1).wrapping_neg())
}

fn tables() -> Box<Tables> {
    let mut tables = Box::new([[0; 256]; STEP]);
    let mut last: Option<[u64; 256]> = None;
    for table in tables.iter_mut() {
        for (byte, sum) in (0_u64..).zip(table.iter_mut()) {
            let before = last.as_ref().map_or(byte, |last| entry(last, byte.to_le_bytes()[0]));
            *sum = (0..8).fold(before, |sum, _| times_x(sum));
        }
        last = Some(*table);
    }
    tables
}

/// The sum after so many more bytes.
#[inline(always)]
fn step(tables: &Tables, state: u64, bytes: &[u8; STEP]) -> u64 {
    // One by one, since a loop stays a loop where code is made small.
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = tables;
    let [a, b, c, d, e, f, g, h] = (state ^ u64::from_le_bytes(*bytes)).to_le_bytes();
    entry(eighth, a)
        ^ entry(seventh, b)
        ^ entry(sixth, c)
        ^ entry(fifth, d)
        ^ entry(fourth, e)
        ^ entry(third, f)
        ^ entry(second, g)
        ^ entry(first, h)
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "there is an entry for every byte")]
fn entry(table: &[u64; 256], byte: u8) -> u64 {
    table[usize::from(byte)]
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{Digest, combine};
    use crc_fast::{CrcAlgorithm, checksum, checksum_combine};

    fn of(bytes: &[u8]) -> u64 {
        let mut digest = Digest::new();
        digest.update(bytes);
        digest.finalize()
    }

    #[test]
    fn is_what_crc_fast_computes() {
        let bytes: Vec<u8> = (0..251).cycle().take(200_000).collect();
        let blocks = [32_767, 32_768, 32_769, 65_536, 200_000];
        for length in (0..40).chain([255, 256, 1_023, 3_000]).chain(blocks) {
            let bytes = &bytes[..length];
            assert_eq!(of(bytes), checksum(CrcAlgorithm::Crc64Nvme, bytes), "{length}");
            let mut pieces = Digest::new();
            bytes.chunks(7).for_each(|piece| pieces.update(piece));
            assert_eq!(pieces.finalize(), of(bytes), "{length}");
            let mut pieces = Digest::new();
            bytes.chunks(40_000).for_each(|piece| pieces.update(piece));
            assert_eq!(pieces.finalize(), of(bytes), "{length}");
        }
    }

    #[test]
    fn combines_as_crc_fast_does() {
        for (first, second, length) in [(0, 0, 0), (1, 2, 3), (u64::MAX, 7, 1 << 33), (9, 5, 255)] {
            let expected = checksum_combine(CrcAlgorithm::Crc64Nvme, first, second, length);
            assert_eq!(combine(first, second, length), expected, "{length}");
        }
    }
}
