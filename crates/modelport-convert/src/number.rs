//! Numbers as files store them, and as TensorFlow.js has them.

use std::sync::Arc;

use io_core::{DType, Error, Result, Weights};

use crate::data::{Conversion, converted};

/// A type of stored numbers, little-endian unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// IEEE-754 binary16.
    Float16,
    /// The upper half of a binary32.
    BFloat16,
    /// IEEE-754 binary32.
    Float32,
    /// IEEE-754 binary64.
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    /// One byte, 0 or 1.
    Bool,
    /// Two binary32.
    Complex64,
}

impl Number {
    /// Bytes of one element.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Float16 | Self::BFloat16 | Self::Int16 | Self::Uint16 => 2,
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Float64 | Self::Int64 | Self::Uint64 | Self::Complex64 => 8,
        }
    }

    /// The name that NumPy and Keras have for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Float16 => "float16",
            Self::BFloat16 => "bfloat16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Bool => "bool",
            Self::Complex64 => "complex64",
        }
    }

    /// What TensorFlow.js has for it, as the reference converter chooses: floats as float32,
    /// integers as int32.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::Float16 | Self::BFloat16 | Self::Float32 | Self::Float64 => DType::Float32,
            Self::Bool => DType::Bool,
            Self::Complex64 => DType::Complex64,
            Self::Uint8 => DType::Uint8,
            Self::Uint16 => DType::Uint16,
            _ => DType::Int32,
        }
    }
}

/// `stored` as TensorFlow.js has it. An integer that has no place in int32 is an error when it is
/// met. `name` is for that error.
///
/// # Errors
///
/// `Corrupt` when `stored` is not whole elements.
pub(crate) fn as_dtype(
    name: &str,
    stored: Weights,
    number: Number,
    big_endian: bool,
) -> Result<Weights> {
    let stored = if big_endian { little_endian(stored, number)? } else { stored };
    let conversion = match number {
        Number::Float16 => elements(|half| widen(u16::from_le_bytes(half)).to_le_bytes()),
        Number::BFloat16 => elements(|[low, high]: [u8; 2]| [0, 0, low, high]),
        Number::Float64 => elements(|wide| narrow(f64::from_le_bytes(wide)).to_le_bytes()),
        Number::Int8 => elements(|byte| i32::from(i8::from_le_bytes(byte)).to_le_bytes()),
        Number::Int16 => elements(|pair| i32::from(i16::from_le_bytes(pair)).to_le_bytes()),
        Number::Uint32 => integers(name, |int| i32::try_from(u32::from_le_bytes(int)).ok()),
        Number::Int64 => integers(name, |int| i32::try_from(i64::from_le_bytes(int)).ok()),
        Number::Uint64 => integers(name, |int| i32::try_from(u64::from_le_bytes(int)).ok()),
        Number::Float32
        | Number::Int32
        | Number::Uint8
        | Number::Uint16
        | Number::Bool
        | Number::Complex64 => return Ok(stored),
    };
    converted(stored, conversion)
}

/// `stored` with the bytes of each number in turn.
///
/// # Errors
///
/// `Corrupt` when it is not whole numbers.
pub(crate) fn little_endian(stored: Weights, number: Number) -> Result<Weights> {
    match if number == Number::Complex64 { 4 } else { number.size() } {
        2 => converted(stored, elements(|[a, b]: [u8; 2]| [b, a])),
        4 => converted(stored, elements(|[a, b, c, d]: [u8; 4]| [d, c, b, a])),
        8 => converted(stored, elements(|bytes: [u8; 8]| u64::from_le_bytes(bytes).to_be_bytes())),
        _ => Ok(stored),
    }
}

/// The int32 `stored` as int64.
///
/// # Errors
///
/// `Corrupt` when it is not whole elements.
pub(crate) fn widened(stored: Weights) -> Result<Weights> {
    converted(stored, elements(|int| i64::from(i32::from_le_bytes(int)).to_le_bytes()))
}

/// A conversion element by element.
pub(crate) fn elements<const A: usize, const B: usize>(
    element: impl Fn([u8; A]) -> [u8; B] + Send + Sync + 'static,
) -> Conversion {
    Conversion {
        from: A,
        to: B,
        apply: Arc::new(move |bytes, out| {
            let (elements, _) = bytes.as_chunks();
            out.reserve(elements.len() * B);
            for stored in elements {
                out.extend_from_slice(&element(*stored));
            }
            Ok(())
        }),
    }
}

fn integers<const A: usize>(
    name: &str,
    element: impl Fn([u8; A]) -> Option<i32> + Send + Sync + 'static,
) -> Conversion {
    let name = name.to_owned();
    Conversion {
        from: A,
        to: 4,
        apply: Arc::new(move |bytes, out| {
            let (elements, _) = bytes.as_chunks();
            out.reserve(elements.len() * 4);
            for stored in elements {
                let value = element(*stored).ok_or_else(|| {
                    Error::corrupt(format!("weight `{name}` has an integer beyond 32 bits"))
                })?;
                out.extend_from_slice(&value.to_le_bytes());
            }
            Ok(())
        }),
    }
}

/// The nearest float32, ties to even.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is what is asked for")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Exact widening of a binary16; a NaN keeps its payload.
pub(crate) fn widen(half: u16) -> f32 {
    let half = u32::from(half);
    let (sign, exponent, mantissa) = ((half >> 15) << 31, (half >> 10) & 0x1f, half & 0x3ff);
    let bits = match exponent {
        0 => {
            #[expect(clippy::cast_precision_loss, reason = "below 2^10")]
            let units = mantissa as f32;
            // In units of 2^-24, exact in float32.
            (units / 16_777_216.0).to_bits()
        }
        0x1f => 0x7f80_0000 | (mantissa << 13),
        // The biases differ by 112.
        _ => ((exponent + 112) << 23) | (mantissa << 13),
    };
    f32::from_bits(sign | bits)
}

#[cfg(test)]
mod tests {
    use super::{Number, as_dtype};
    use futures::executor::block_on;
    use io_core::{Result, Weights};

    fn convert(number: Number, big_endian: bool, bytes: &[u8]) -> Result<Vec<u8>> {
        let weights = as_dtype("w", Weights::from(bytes.to_vec()), number, big_endian)?;
        Ok(block_on(weights.to_bytes())?.to_vec())
    }

    #[test]
    fn behaviour_07_halves_doubles_and_wide_integers() {
        let half = [0x00, 0x3c, 0x01, 0x00, 0xff, 0x7b, 0x00, 0xfc];
        let floats: Vec<u8> = [1.0_f32, 5.960_464_5e-8, 65504.0, f32::NEG_INFINITY]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(convert(Number::Float16, false, &half).unwrap(), floats);
        let swapped: Vec<u8> = half.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        assert_eq!(convert(Number::Float16, true, &swapped).unwrap(), floats);
        assert_eq!(
            convert(Number::Float64, false, &0.1_f64.to_le_bytes()).unwrap(),
            0.1_f32.to_le_bytes()
        );
        assert_eq!(
            convert(Number::Int64, true, &(-7_i64).to_be_bytes()).unwrap(),
            (-7_i32).to_le_bytes()
        );
        assert!(convert(Number::Int64, false, &(1_i64 << 40).to_le_bytes()).is_err());
    }

    #[test]
    fn behaviour_22_bfloat16_is_exact() {
        assert_eq!(convert(Number::BFloat16, false, &[0x80, 0x3f]).unwrap(), 1.0_f32.to_le_bytes());
        let nan = convert(Number::BFloat16, false, &[0x81, 0x7f]).unwrap();
        assert_eq!(nan, [0, 0, 0x81, 0x7f]);
    }
}
