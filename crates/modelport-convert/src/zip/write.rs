//! An archive whose members are stored as they are.

use io_core::{Error, ErrorKind, Result, Weights};

use super::sum::sum;
use crate::data::concat;

/// From here on, a number stands in the 64-bit extension.
const LARGE: u64 = 0xffff_ffff;
/// 1980-01-01, the first date there is.
const DATE: u16 = 0x21;

/// An archive of `members`, in their order. They are read once for their sums, and again when the
/// archive is.
///
/// # Errors
///
/// `InvalidInput` when it would be too large; what reading the members fails with.
pub(crate) async fn write(members: Vec<(&str, Weights)>) -> Result<Weights> {
    let mut parts = Vec::new();
    let mut directory = Vec::new();
    let mut at = 0_u64;
    let count = members.len() as u64;
    for (name, data) in members {
        let entry = Entry { name, length: data.byte_length(), sum: sum(&data).await?, offset: at };
        let header = entry.local();
        at = add(add(at, header.len() as u64)?, entry.length)?;
        directory.extend_from_slice(&entry.central());
        parts.push(Weights::from(header));
        parts.push(data);
    }
    let size = directory.len() as u64;
    directory.extend_from_slice(&end(count, size, at));
    parts.push(Weights::from(directory));
    parts.retain(|part| part.byte_length() > 0);
    concat(parts)
}

struct Entry<'a> {
    name: &'a str,
    length: u64,
    sum: u32,
    offset: u64,
}

impl Entry<'_> {
    fn local(&self) -> Vec<u8> {
        let large = self.length >= LARGE;
        let extra = if large { self.extra(&[self.length, self.length]) } else { Vec::new() };
        let mut out = b"PK\x03\x04".to_vec();
        self.common(&mut out, large, &extra);
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&extra);
        out
    }

    fn central(&self) -> Vec<u8> {
        let mut wide = Vec::new();
        let large = self.length >= LARGE;
        if large {
            wide.extend([self.length, self.length]);
        }
        if self.offset >= LARGE {
            wide.push(self.offset);
        }
        let extra = if wide.is_empty() { Vec::new() } else { self.extra(&wide) };
        let mut out = b"PK\x01\x02".to_vec();
        // Made by version 4.5 on Unix.
        out.extend_from_slice(&[45, 3]);
        self.common(&mut out, large, &extra);
        // No comment, first disk, not text; a plain file that its owner may write.
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&(0o100_644_u32 << 16).to_le_bytes());
        out.extend_from_slice(&low32(self.offset));
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&extra);
        out
    }

    /// What both headers have from the version on.
    fn common(&self, out: &mut Vec<u8>, large: bool, extra: &[u8]) {
        let version: u16 = if large { 45 } else { 20 };
        // Not encrypted, the name in UTF-8; stored; midnight.
        for field in [version, 0x0800, 0, 0, DATE] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&self.sum.to_le_bytes());
        out.extend_from_slice(&low32(self.length));
        out.extend_from_slice(&low32(self.length));
        out.extend_from_slice(&low16(self.name.len() as u64));
        out.extend_from_slice(&low16(extra.len() as u64));
    }

    fn extra(&self, numbers: &[u64]) -> Vec<u8> {
        let mut out = vec![1, 0];
        out.extend_from_slice(&low16(numbers.len() as u64 * 8));
        for number in numbers {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out
    }
}

/// What follows the directory of `size` bytes at `start`.
fn end(count: u64, size: u64, start: u64) -> Vec<u8> {
    let mut out = Vec::new();
    if start >= LARGE || size >= LARGE {
        let here = start.saturating_add(size);
        out.extend_from_slice(b"PK\x06\x06");
        out.extend_from_slice(&44_u64.to_le_bytes());
        out.extend_from_slice(&[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [count, count, size, start] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        out.extend_from_slice(&here.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
    }
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&low16(count));
    out.extend_from_slice(&low16(count));
    out.extend_from_slice(&low32(size));
    out.extend_from_slice(&low32(start));
    out.extend_from_slice(&[0, 0]);
    out
}

fn add(one: u64, two: u64) -> Result<u64> {
    one.checked_add(two)
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the archive would be too large"))
}

/// The number, or all ones when it stands elsewhere.
fn low32(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn low16(number: u64) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}
