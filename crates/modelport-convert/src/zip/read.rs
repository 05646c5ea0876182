//! An archive, read from its directory at the end.

use std::{collections::HashSet, io::Read as _};

use bytes::{Buf as _, Bytes};
use flate2::read::DeflateDecoder;
use io_core::{Error, ErrorKind, Result, Weights};

use super::sum::sum;
use crate::data::{read_exact, slice};

/// The end record and the longest comment.
const END_BYTES: u64 = 22 + 65_535;
/// A directory longer than this is not Keras'.
const MAX_DIRECTORY: u64 = 64 << 20;
/// Deflated members may be this much more than they take.
const MAX_RATIO: u64 = 32;

/// An open archive.
#[derive(Debug)]
pub(crate) struct Archive {
    bytes: Weights,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    method: u16,
    encrypted: bool,
    sum: u32,
    stored: u64,
    length: u64,
    offset: u64,
}

impl Archive {
    /// Opens the archive that `bytes` are.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is none, or a name is there twice or leads out of it.
    pub(crate) async fn open(bytes: Weights) -> Result<Self> {
        let length = bytes.byte_length();
        let tail_start = length.saturating_sub(END_BYTES);
        let tail = read_exact(&bytes, tail_start..length).await?;
        let at = tail
            .windows(22)
            .rposition(|window| {
                window.starts_with(b"PK\x05\x06") && {
                    let comment = window.get(20..22).map_or(0, |mut bytes| bytes.get_u16_le());
                    usize::from(comment) + 22 <= tail.len()
                }
            })
            .ok_or_else(|| damaged("it has no directory"))?;
        let mut end = tail.slice(at + 4..at + 22);
        end.advance(6);
        let count = u64::from(end.get_u16_le());
        let (size, start) = (u64::from(end.get_u32_le()), u64::from(end.get_u32_le()));
        let end_at = tail_start + at as u64;
        let (count, size, start) = if start == 0xffff_ffff || count == 0xffff || size == 0xffff_ffff
        {
            wide_end(&bytes, end_at).await?
        } else {
            (count, size, start)
        };
        let directory_end = start.checked_add(size).filter(|&end| end <= end_at);
        let directory_end = directory_end.ok_or_else(|| damaged("its directory is not in it"))?;
        if size > MAX_DIRECTORY {
            return Err(damaged("its directory is too long"));
        }
        let entries = entries(read_exact(&bytes, start..directory_end).await?, count)?;
        Ok(Self { bytes, entries })
    }

    /// The names of the members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The member `name`. A stored one is read once for its sum, and again when it is needed; a
    /// deflated one is unpacked now, to no more than `free` bytes or a small multiple of what it
    /// takes.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the member is damaged or unpacks to more than its archive could hold;
    /// `Unsupported` when it is packed in another way.
    pub(crate) async fn member(&self, name: &str, free: u64) -> Result<Option<Weights>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            return Ok(None);
        };
        let packed = self.packed(entry).await?;
        match (entry.encrypted, entry.method) {
            (false, 0) if entry.stored != entry.length => {
                Err(damaged("a stored member has two lengths"))
            }
            (false, 0) if sum(&packed).await? != entry.sum => {
                Err(damaged("a member fails its checksum"))
            }
            (false, 0) => Ok(Some(packed)),
            (false, 8) => self.inflate(entry, packed, free).await.map(Some),
            _ => Err(Error::new(
                ErrorKind::Unsupported,
                format!("`{name}` is packed by a method that Keras does not use"),
            )),
        }
    }

    /// The bytes of a member as they are stored.
    async fn packed(&self, entry: &Entry) -> Result<Weights> {
        let outside = || damaged("a member is not in it");
        let data = entry.offset.checked_add(30).ok_or_else(outside)?;
        let header = read_exact(&self.bytes, entry.offset..data).await?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(outside());
        }
        let mut lengths = header.slice(26..30);
        let skip = u64::from(lengths.get_u16_le()) + u64::from(lengths.get_u16_le());
        let start = data.checked_add(skip).ok_or_else(outside)?;
        let end = start.checked_add(entry.stored).ok_or_else(outside)?;
        slice(&self.bytes, start..end)
    }

    async fn inflate(&self, entry: &Entry, packed: Weights, free: u64) -> Result<Weights> {
        let limit = packed.byte_length().saturating_mul(MAX_RATIO).max(free);
        if entry.length > limit {
            return Err(damaged("a member unpacks to more than it could hold"));
        }
        let packed = packed.to_bytes().await?;
        let mut unpacked = Vec::new();
        // One byte more shows what is too long.
        DeflateDecoder::new(packed.reader())
            .take(entry.length.saturating_add(1))
            .read_to_end(&mut unpacked)
            .map_err(|error| damaged("a member does not unpack").with_source(error))?;
        let unpacked = Weights::from(unpacked);
        if unpacked.byte_length() != entry.length || sum(&unpacked).await? != entry.sum {
            return Err(damaged("a member fails its checksum"));
        }
        Ok(unpacked)
    }
}

/// Count, size and start of a directory that are too large for the plain end record.
async fn wide_end(bytes: &Weights, end_at: u64) -> Result<(u64, u64, u64)> {
    let none = || damaged("it has no 64-bit directory");
    let locator_at = end_at.checked_sub(20).ok_or_else(none)?;
    let mut locator = read_exact(bytes, locator_at..end_at).await?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Err(none());
    }
    locator.advance(8);
    let at = locator.get_u64_le();
    let end = at.checked_add(56).ok_or_else(none)?;
    let mut record = read_exact(bytes, at..end).await?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(none());
    }
    record.advance(32);
    Ok((record.get_u64_le(), record.get_u64_le(), record.get_u64_le()))
}

fn entries(mut directory: Bytes, count: u64) -> Result<Vec<Entry>> {
    let mut names = HashSet::new();
    let mut entries = Vec::new();
    for _ in 0..count {
        let entry = entry(&mut directory).ok_or_else(|| damaged("its directory is damaged"))?;
        if entry.name.ends_with('/') {
            continue;
        }
        check_name(&entry.name)?;
        if !names.insert(entry.name.clone()) {
            return Err(damaged("a name is there twice"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The next entry of a directory; `None` when it is damaged.
fn entry(directory: &mut Bytes) -> Option<Entry> {
    if directory.len() < 46 || !directory.starts_with(b"PK\x01\x02") {
        return None;
    }
    let mut header = directory.split_to(46);
    header.advance(8);
    let flags = header.get_u16_le();
    let method = header.get_u16_le();
    header.advance(4);
    let sum = header.get_u32_le();
    let (stored, length) = (header.get_u32_le(), header.get_u32_le());
    let [name, extra, comment] =
        [header.get_u16_le(), header.get_u16_le(), header.get_u16_le()].map(usize::from);
    header.advance(8);
    let offset = header.get_u32_le();
    if directory.len() < name + extra + comment {
        return None;
    }
    let name = String::from_utf8(directory.split_to(name).to_vec()).ok()?;
    let mut wide = wide_fields(directory.split_to(extra));
    directory.advance(comment);
    let mut number = |short: u32| if short == u32::MAX { wide.next() } else { Some(short.into()) };
    // In this order, each only where its short field is full.
    let (length, stored, offset) = (number(length)?, number(stored)?, number(offset)?);
    Some(Entry { name, method, encrypted: flags & 1 != 0, sum, stored, length, offset })
}

/// The numbers of the 64-bit extension.
fn wide_fields(mut extra: Bytes) -> impl Iterator<Item = u64> {
    let mut fields = Bytes::new();
    while extra.len() >= 4 {
        let (id, size) = (extra.get_u16_le(), usize::from(extra.get_u16_le()));
        if extra.len() < size {
            break;
        }
        let body = extra.split_to(size);
        if id == 1 {
            fields = body;
            break;
        }
    }
    std::iter::from_fn(move || (fields.len() >= 8).then(|| fields.get_u64_le()))
}

/// Refuses names that would lead out of a directory, though nothing is ever unpacked into one.
fn check_name(name: &str) -> Result<()> {
    let climbs = name.split(['/', '\\']).any(|part| part == "..");
    if name.is_empty() || climbs || name.starts_with(['/', '\\']) || name.contains([':', '\0']) {
        return Err(damaged("a name leads out of it"));
    }
    Ok(())
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("the zip archive is damaged: {what}"))
}
