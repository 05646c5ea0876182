//! Stored numbers -> the weight's own, to the bit as JavaScript computes them.

use bytes::Bytes;
use io_core::{DType, Error, Quantization, QuantizationDType, Result};

use crate::{specs::affine, tensors::out_of_memory};

/// The elements of a quantised weight as `dtype`, little-endian.
///
/// # Errors
///
/// `Corrupt` when the quantisation is not sound; `OutOfMemory` when there is no room.
pub(crate) fn dequantize(
    dtype: DType,
    quantization: &Quantization,
    stored: &[u8],
) -> Result<Bytes> {
    if quantization.dtype == QuantizationDType::Float16 {
        return widen_pairs(stored, |half| f16_to_f32(half).to_le_bytes());
    }
    let (min, scale) = affine(quantization)
        .ok_or_else(|| Error::corrupt("an affine quantisation has no finite `min` and `scale`"))?;
    let value = |stored: u16| f64::from(stored) * scale + min;
    let int32 = |stored: u16| to_int32(round_half_up(value(stored))).to_le_bytes();
    let float32 = |stored: u16| to_f32(value(stored)).to_le_bytes();
    match (quantization.dtype, dtype) {
        (QuantizationDType::Uint8, DType::Int32) => widen_bytes(stored, int32),
        (QuantizationDType::Uint8, _) => widen_bytes(stored, float32),
        (_, DType::Int32) => widen_pairs(stored, int32),
        _ => widen_pairs(stored, float32),
    }
}

/// Four bytes for each stored byte, which has only 256 values.
fn widen_bytes(stored: &[u8], element: impl Fn(u16) -> [u8; 4]) -> Result<Bytes> {
    let mut table = [[0; 4]; 256];
    for (value, entry) in (0..).zip(&mut table) {
        *entry = element(value);
    }
    widen(stored, |[byte]: [u8; 1]| table.get(usize::from(byte)).copied().unwrap_or_default())
}

/// Four bytes for each stored pair of bytes. Of many, each of the 65,536 values comes often enough
/// to be computed once.
fn widen_pairs(stored: &[u8], element: impl Fn(u16) -> [u8; 4]) -> Result<Bytes> {
    if stored.len() / 2 < 1 << 16 {
        return widen(stored, |pair| element(u16::from_le_bytes(pair)));
    }
    let table: Vec<[u8; 4]> = (0..=u16::MAX).map(element).collect();
    widen(stored, |pair| {
        table.get(usize::from(u16::from_le_bytes(pair))).copied().unwrap_or_default()
    })
}

fn widen<const N: usize>(stored: &[u8], element: impl Fn([u8; N]) -> [u8; 4]) -> Result<Bytes> {
    let (elements, _) = stored.as_chunks();
    // At most four times what is there.
    let length = elements.len().saturating_mul(4);
    let mut decoded = Vec::new();
    decoded.try_reserve_exact(length).map_err(out_of_memory)?;
    decoded.resize(length, 0);
    let (places, _) = decoded.as_chunks_mut();
    for (place, stored) in places.iter_mut().zip(elements) {
        *place = element(*stored);
    }
    Ok(decoded.into())
}

/// The nearest float32, ties to even.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is what is asked for")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

/// `Math.round`: the nearest integer, ties towards +infinity.
fn round_half_up(value: f64) -> f64 {
    let floor = value.floor();
    // Exact, unlike `(value + 0.5).floor()`.
    if value - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// What an `Int32Array` keeps of an integer: the value modulo 2^32; 0 when it is not finite.
fn to_int32(integer: f64) -> i32 {
    let wrapped = integer.rem_euclid(4_294_967_296.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in the range of u32, or NaN, which becomes 0"
    )]
    let bits = wrapped as u32;
    i32::from_ne_bytes(bits.to_ne_bytes())
}

/// Exact widening of a binary16. A NaN keeps its payload as it is: the quiet bit is not set, as
/// conversion instructions would do.
fn f16_to_f32(half: u16) -> f32 {
    let half = u32::from(half);
    let (sign, exponent, mantissa) = ((half >> 15) << 31, (half >> 10) & 0x1f, half & 0x3ff);
    let bits = match exponent {
        // Zero and subnormals: the mantissa in units of 2^-24, exact in float32.
        0 => (half_units(mantissa) / 16_777_216.0).to_bits(),
        0x1f => 0x7f80_0000 | (mantissa << 13),
        // The biases differ by 112.
        _ => ((exponent + 112) << 23) | (mantissa << 13),
    };
    f32::from_bits(sign | bits)
}

#[expect(clippy::cast_precision_loss, reason = "below 2^10")]
fn half_units(mantissa: u32) -> f32 {
    mantissa as f32
}

#[cfg(test)]
mod tests {
    use super::{f16_to_f32, round_half_up, to_int32};

    #[test]
    fn c042_to_c047_float16() {
        assert!(f16_to_f32(0x7e00).is_nan() && f16_to_f32(0xfc01).is_nan());
        for (half, value) in [
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0xfbff + 1, f32::NEG_INFINITY),
            (0x7bff + 1, f32::INFINITY),
            (0x3400, 0.25),
            (0x3800, 0.5),
            (0x3a00, 0.75),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
        ] {
            assert_eq!(f16_to_f32(half).to_bits(), f32::to_bits(value), "{half:04x}");
        }
    }

    #[test]
    fn rounds_as_math_round() {
        for (value, rounded) in [
            (-2.5, -2.0),
            (-1.5, -1.0),
            (-0.5, 0.0),
            (0.5, 1.0),
            (0.499_999_999_999_999_94, 0.0),
            (-0.500_000_000_000_000_1, -1.0),
            (4_503_599_627_370_497.0, 4_503_599_627_370_497.0),
            (-1e-20, 0.0),
        ] {
            assert_eq!(round_half_up(value), rounded, "{value}");
        }
    }

    #[test]
    fn keeps_what_an_int32_array_keeps() {
        for (value, kept) in [
            (-1.0, -1),
            (2_147_483_648.0, i32::MIN),
            (4_294_967_297.0, 1),
            (-2_147_483_649.0, i32::MAX),
            (f64::INFINITY, 0),
            (f64::NAN, 0),
        ] {
            assert_eq!(to_int32(value), kept, "{value}");
        }
    }
}
