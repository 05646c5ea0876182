//! Weights in memory, tensor by tensor.

use bytes::{Buf, Bytes};
use io_core::{DType, Error, ErrorKind, Result, WeightSpec, printable_name};

use crate::{dequantize::dequantize, describe_foreign, specs, text};

/// One weight with its bytes.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Name, shape and type.
    pub spec: &'a WeightSpec,
    /// The bytes as they are stored: quantised, if the spec says so.
    pub stored: Bytes,
}

impl Tensor<'_> {
    /// The elements in their own type, little-endian, dequantised as TensorFlow.js does it. Copies
    /// only what is quantised.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the bytes are not those of the spec; `OutOfMemory` when there is no room.
    pub fn decode(&self) -> Result<Bytes> {
        self.check_length()?;
        match &self.spec.quantization {
            Some(quantization) => dequantize(self.spec.dtype, quantization, &self.stored),
            None => Ok(self.stored.clone()),
        }
    }

    /// Whether the spec is sound and the bytes are as many as it says.
    pub(crate) fn check_length(&self) -> Result<()> {
        specs::check(self.spec)?;
        match self.spec.byte_length()? {
            Some(expected) if expected != self.stored.len() as u64 => {
                return Err(Error::corrupt(format!(
                    "weight `{}` has {} instead of {expected}",
                    printable_name(&self.spec.name),
                    text::bytes(self.stored.len() as u64)
                )));
            }
            Some(_) => {}
            None => drop(self.string_lengths()?),
        }
        Ok(())
    }

    /// The elements of a `float32` weight; of a `complex64` one real and imaginary parts in turn.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type; those of [`decode`](Self::decode).
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        self.elements(&[DType::Float32, DType::Complex64], f32::from_le_bytes)
    }

    /// The elements of an `int32` weight.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type; those of [`decode`](Self::decode).
    pub fn to_i32(&self) -> Result<Vec<i32>> {
        self.elements(&[DType::Int32], i32::from_le_bytes)
    }

    /// The elements of a `uint16` weight.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type; those of [`decode`](Self::decode).
    pub fn to_u16(&self) -> Result<Vec<u16>> {
        self.elements(&[DType::Uint16], u16::from_le_bytes)
    }

    /// The elements of a `bool` weight. A byte may be any; all but 0 are true.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type; those of [`decode`](Self::decode).
    pub fn to_bools(&self) -> Result<Vec<bool>> {
        self.elements(&[DType::Bool], |[byte]| byte != 0)
    }

    /// The elements of a `string` weight: bytes, mostly UTF-8. They share the bytes of the weight.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the weight is of another type; `Corrupt` when its bytes are not those of
    /// strings; `OutOfMemory` when there is no room.
    pub fn to_strings(&self) -> Result<Vec<Bytes>> {
        self.expect_type(&[DType::String])?;
        let lengths = self.string_lengths()?;
        let mut rest = self.stored.clone();
        let strings = lengths.into_iter().map(|length| {
            // `string_lengths` has walked exactly these.
            rest.advance(4);
            rest.split_to(length)
        });
        Ok(strings.collect())
    }

    /// The length of each string.
    fn string_lengths(&self) -> Result<Vec<usize>> {
        let count = self.spec.element_count()?;
        let mut rest = self.stored.as_ref();
        let mut lengths = Vec::new();
        // Each string has its length, so the bytes at hand bound the count.
        if count <= self.stored.len() as u64 / 4 {
            for _ in 0..count {
                let Some((length, after)) = split_string(rest) else { break };
                lengths.push(length);
                rest = after;
            }
        }
        if lengths.len() as u64 == count && rest.is_empty() {
            Ok(lengths)
        } else {
            let name = printable_name(&self.spec.name);
            Err(Error::corrupt(format!("the bytes of weight `{name}` are not {count} strings")))
        }
    }

    fn elements<T, const N: usize>(
        &self,
        types: &[DType],
        read: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        self.expect_type(types)?;
        let decoded = self.decode()?;
        let mut elements = Vec::new();
        elements.try_reserve_exact(decoded.len() / N).map_err(out_of_memory)?;
        let (chunks, _) = decoded.as_chunks();
        elements.extend(chunks.iter().map(|chunk| read(*chunk)));
        Ok(elements)
    }

    pub(crate) fn expect_type(&self, types: &[DType]) -> Result<()> {
        if types.contains(&self.spec.dtype) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("weight `{}` is {}", printable_name(&self.spec.name), self.spec.dtype),
        ))
    }
}

/// The weights of `specs`, whose bytes are `parts` one after the other. A weight that lies in one
/// part shares its bytes; only one that straddles parts is copied.
///
/// Gives errors, and nothing after the first: `Corrupt` when the specs are not sound, or there are
/// too few or too many bytes; `OutOfMemory` when a straddling weight has no room.
pub fn tensors<'a>(
    specs: &'a [WeightSpec],
    parts: &'a [Bytes],
) -> impl Iterator<Item = Result<Tensor<'a>>> {
    let left = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.len() as u64));
    let cursor = Cursor { part: Bytes::new(), parts: parts.iter(), left };
    let checked = crate::check_specs(specs, left).map_err(|error| hint(error, parts.first()));
    let mut walk = Walk { specs: specs.iter(), cursor, failed: checked.err(), ended: false };
    std::iter::from_fn(move || walk.next())
}

/// Adds to `error` what the bytes look like.
pub(crate) fn hint(error: Error, bytes: Option<&Bytes>) -> Error {
    match bytes.and_then(|bytes| describe_foreign(bytes)) {
        Some(what) => error.with_hint(format!("the weights begin like {what}")),
        None => error,
    }
}

pub(crate) fn out_of_memory(error: std::collections::TryReserveError) -> Error {
    Error::new(ErrorKind::OutOfMemory, "the weight does not fit into memory").with_source(error)
}

/// The length of the string at the start of `bytes`, and what follows it.
fn split_string(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    Some((length, rest.get(length..)?))
}

struct Walk<'a> {
    specs: std::slice::Iter<'a, WeightSpec>,
    cursor: Cursor<'a>,
    failed: Option<Error>,
    ended: bool,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<Result<Tensor<'a>>> {
        if self.ended {
            return None;
        }
        let item = match self.failed.take() {
            Some(error) => Err(error),
            None => match self.specs.next() {
                Some(spec) => self.cursor.tensor(spec),
                None => {
                    self.ended = true;
                    return (self.cursor.left > 0).then(|| Err(surplus(self.cursor.left)));
                }
            },
        };
        self.ended = item.is_err();
        Some(item)
    }
}

pub(crate) fn surplus(left: u64) -> Error {
    Error::corrupt(format!("the weights have {} more than their specs say", text::bytes(left)))
}

pub(crate) fn ends_early(spec: &WeightSpec) -> Error {
    Error::corrupt(format!("the weights end inside weight `{}`", printable_name(&spec.name)))
}

/// A place in a list of parts.
#[derive(Clone)]
struct Cursor<'a> {
    part: Bytes,
    parts: std::slice::Iter<'a, Bytes>,
    left: u64,
}

impl<'a> Cursor<'a> {
    fn tensor(&mut self, spec: &'a WeightSpec) -> Result<Tensor<'a>> {
        let length = match spec.byte_length()? {
            Some(length) => Some(length),
            None => self.clone().strings_length(spec.element_count()?),
        };
        let length = length.filter(|&length| length <= self.left);
        let length = length.and_then(|length| usize::try_from(length).ok());
        Ok(Tensor { spec, stored: self.take(length.ok_or_else(|| ends_early(spec))?)? })
    }

    /// How long the next `count` strings are, with their lengths; `None` when they do not end.
    fn strings_length(mut self, count: u64) -> Option<u64> {
        let start = self.left;
        if count > self.left / 4 {
            return None;
        }
        for _ in 0..count {
            let mut length = [0; 4];
            for byte in &mut length {
                self.refill()?;
                *byte = self.part.get_u8();
                self.left -= 1;
            }
            self.skip(u32::from_le_bytes(length).into())?;
        }
        Some(start - self.left)
    }

    fn skip(&mut self, mut length: u64) -> Option<()> {
        while length > 0 {
            self.refill()?;
            let step = usize::try_from(length).unwrap_or(usize::MAX).min(self.part.len());
            self.part.advance(step);
            self.left -= step as u64;
            length -= step as u64;
        }
        Some(())
    }

    /// Sees to it that `part` is not empty; `None` when there are no more bytes.
    fn refill(&mut self) -> Option<()> {
        while self.part.is_empty() {
            self.part = self.parts.next()?.clone();
        }
        Some(())
    }

    /// The next `length` bytes, which are there.
    fn take(&mut self, length: usize) -> Result<Bytes> {
        self.left -= length as u64;
        if length == 0 {
            return Ok(Bytes::new());
        }
        self.refill();
        if self.part.len() >= length {
            return Ok(self.part.split_to(length));
        }
        let mut joined = Vec::new();
        joined.try_reserve_exact(length).map_err(out_of_memory)?;
        while joined.len() < length && self.refill().is_some() {
            let step = self.part.len().min(length - joined.len());
            joined.extend_from_slice(&self.part.split_to(step));
        }
        Ok(joined.into())
    }
}
