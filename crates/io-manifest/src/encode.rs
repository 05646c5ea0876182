//! Tensors -> weight specs and bytes.

use bytes::Bytes;
use io_core::{DType, Error, ErrorKind, Result, WeightSpec, printable_name};

use crate::{specs, tensors::out_of_memory};

/// A tensor to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct NamedTensor<'a> {
    /// The name.
    pub name: &'a str,
    /// The dimensions; none for a scalar.
    pub shape: &'a [u64],
    /// The elements, row by row.
    pub data: TensorData<'a>,
}

/// The elements of a tensor.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum TensorData<'a> {
    /// `float32`.
    Float32(&'a [f32]),
    /// `int32`.
    Int32(&'a [i32]),
    /// `bool`.
    Bool(&'a [bool]),
    /// `string`: bytes, best UTF-8.
    String(&'a [&'a [u8]]),
    /// `complex64`: real and imaginary part.
    Complex64(&'a [[f32; 2]]),
}

impl TensorData<'_> {
    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Float32(_) => DType::Float32,
            Self::Int32(_) => DType::Int32,
            Self::Bool(_) => DType::Bool,
            Self::String(_) => DType::String,
            Self::Complex64(_) => DType::Complex64,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Float32(all) => all.len(),
            Self::Int32(all) => all.len(),
            Self::Bool(all) => all.len(),
            Self::String(all) => all.len(),
            Self::Complex64(all) => all.len(),
        }
    }

    /// How many bytes the elements become; `None` past the address space.
    fn byte_length(&self) -> Option<usize> {
        match self {
            Self::Float32(_) | Self::Int32(_) => self.len().checked_mul(4),
            Self::Bool(_) => Some(self.len()),
            Self::Complex64(_) => self.len().checked_mul(8),
            Self::String(all) => all
                .iter()
                .try_fold(0_usize, |sum, string| sum.checked_add(4)?.checked_add(string.len())),
        }
    }
}

/// The specs and the bytes of `tensors`, in their order, as TensorFlow.js encodes them. Every spec
/// gets the `group`.
///
/// # Errors
///
/// `InvalidInput` when a shape and its elements do not fit together, or a string has 4 GiB or more;
/// `Corrupt` when a name is there twice or a shape is too large; `OutOfMemory` when there is no room.
pub fn encode_weights<'a>(
    tensors: impl IntoIterator<Item = NamedTensor<'a>>,
    group: Option<&str>,
) -> Result<(Vec<WeightSpec>, Bytes)> {
    let (mut specs, mut bytes) = (Vec::new(), Vec::new());
    for NamedTensor { name, shape, data } in tensors {
        let mut spec = WeightSpec::new(name, shape, data.dtype());
        spec.group = group.map(str::to_owned);
        let expected = spec.element_count()?;
        if expected != data.len() as u64 {
            return Err(invalid(format!(
                "weight `{}` has {} elements instead of {expected}",
                printable_name(name),
                data.len()
            )));
        }
        let length = data
            .byte_length()
            .ok_or_else(|| invalid(format!("weight `{}` is too large", printable_name(name))))?;
        bytes.try_reserve(length).map_err(out_of_memory)?;
        append(&mut bytes, name, data)?;
        specs.push(spec);
    }
    specs::check_all(&specs)?;
    Ok((specs, bytes.into()))
}

fn append(bytes: &mut Vec<u8>, name: &str, data: TensorData<'_>) -> Result<()> {
    match data {
        TensorData::Float32(all) => bytes.extend(all.iter().flat_map(|value| value.to_le_bytes())),
        TensorData::Int32(all) => bytes.extend(all.iter().flat_map(|value| value.to_le_bytes())),
        TensorData::Bool(all) => bytes.extend(all.iter().map(|&value| u8::from(value))),
        TensorData::Complex64(all) => {
            bytes.extend(all.iter().flatten().flat_map(|value| value.to_le_bytes()));
        }
        TensorData::String(all) => {
            for string in all {
                let length = u32::try_from(string.len()).map_err(|_| {
                    invalid(format!(
                        "a string of weight `{}` has 4 GiB or more",
                        printable_name(name)
                    ))
                })?;
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(string);
            }
        }
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
