//! float32 in fewer bits, to the bit as the reference converter computes it.

use std::sync::Arc;

use futures::TryStreamExt;
use io_core::{
    DType, Error, ErrorKind, Json, JsonNumber, Quantization, QuantizationDType, Result, WeightSpec,
    Weights,
};

use crate::{
    data::{Conversion, converted},
    tensors::Tensor,
};

/// `tensor` as `dtype`; what is not float32 stays as it is. Its values are read once to find their
/// range, and again when the result is.
///
/// # Errors
///
/// `InvalidInput` when there is no affine form: a value is not finite. What reading fails with.
pub(crate) async fn quantize(tensor: Tensor, dtype: QuantizationDType) -> Result<Tensor> {
    if tensor.spec.dtype != DType::Float32 || tensor.spec.element_count()? == 0 {
        return Ok(tensor);
    }
    let (min, scale, conversion) = match dtype {
        QuantizationDType::Float16 => (None, None, halves()),
        _ => {
            let affine = Affine::find(&tensor.spec.name, &tensor.stored, dtype).await?;
            (Some(number(affine.min)?), Some(number(affine.scale)?), affine.conversion(dtype))
        }
    };
    let original = ("original_dtype".to_owned(), Json::from(DType::Float32.name()));
    let quantization = Some(Quantization { dtype, min, scale, extra: vec![original] });
    let stored = converted(tensor.stored, conversion)?;
    Ok(Tensor { spec: WeightSpec { quantization, ..tensor.spec }, stored })
}

#[derive(Clone, Copy, Debug)]
struct Affine {
    min: f64,
    max: f64,
    scale: f64,
}

impl Affine {
    async fn find(name: &str, values: &Weights, dtype: QuantizationDType) -> Result<Self> {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut rest: Vec<u8> = Vec::new();
        let mut stream = values.stream();
        while let Some(piece) = stream.try_next().await? {
            // Pieces may end within an element.
            rest.extend_from_slice(&piece);
            let (elements, _) = rest.as_chunks();
            for element in elements {
                let value = f64::from(f32::from_le_bytes(*element));
                if !value.is_finite() {
                    return Err(Error::new(
                        ErrorKind::InvalidInput,
                        format!(
                            "weight `{name}` has a value that is not finite and cannot be {dtype}"
                        ),
                    ));
                }
                min = min.min(value);
                max = max.max(value);
            }
            let whole = rest.len() - rest.len() % 4;
            rest.drain(..whole);
        }
        #[expect(clippy::float_cmp, reason = "as the reference compares them")]
        if min == max {
            return Ok(Self { min, max, scale: 1.0 });
        }
        let steps = match dtype {
            QuantizationDType::Uint8 => 255.0,
            _ => 65_535.0,
        };
        let scale = (max - min) / steps;
        if min <= 0.0 && 0.0 <= max {
            // Zero is one of the steps.
            let zero = (-min / scale).round_ties_even();
            let min = -zero * scale;
            return Ok(Self { min, max: steps * scale + min, scale });
        }
        Ok(Self { min, max, scale })
    }

    fn step(self, value: [u8; 4]) -> f64 {
        let value = f64::from(f32::from_le_bytes(value)).max(self.min).min(self.max);
        ((value - self.min) / self.scale).round_ties_even()
    }

    fn conversion(self, dtype: QuantizationDType) -> Conversion {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "steps are integers from 0 to the largest of the type"
        )]
        match dtype {
            QuantizationDType::Uint8 => elements(move |value| [self.step(value) as u8]),
            _ => elements(move |value| (self.step(value) as u16).to_le_bytes()),
        }
    }
}

fn halves() -> Conversion {
    elements(|value| narrow(f32::from_le_bytes(value)).to_le_bytes())
}

fn elements<const B: usize>(
    element: impl Fn([u8; 4]) -> [u8; B] + Send + Sync + 'static,
) -> Conversion {
    let apply = move |bytes: &[u8], out: &mut Vec<u8>| {
        let (elements, _) = bytes.as_chunks();
        out.reserve(elements.len() * B);
        for stored in elements {
            out.extend_from_slice(&element(*stored));
        }
        Ok(())
    };
    Conversion { from: 4, to: B, apply: Arc::new(apply) }
}

/// The nearest binary16, ties to even; what is too large is infinite.
fn narrow(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    let half = match magnitude {
        // A NaN stays one, whatever part of its payload is lost.
        0x7f80_0001.. => 0x7e00 | ((magnitude >> 13) & 0x3ff),
        // From 65520 on, infinity is nearer or as near.
        0x477f_f000.. => 0x7c00,
        // Normal numbers: the biases differ by 112.
        0x3880_0000.. => round(magnitude - (112 << 23), 13),
        // Subnormal ones: units of 2^-24, of which half a one rounds to nothing.
        0x3300_0001.. => {
            let shift = 126 - (magnitude >> 23);
            round((magnitude & 0x007f_ffff) | 0x0080_0000, shift)
        }
        _ => 0,
    };
    u16::try_from(sign | half).unwrap_or_default()
}

/// `bits` without the lowest `shift`, rounded to nearest, ties to even.
fn round(bits: u32, shift: u32) -> u32 {
    let kept = bits >> shift;
    let (rest, half) = (bits & ((1 << shift) - 1), 1 << (shift - 1));
    kept + u32::from(rest > half || (rest == half && kept & 1 == 1))
}

/// A number as Python prints it: the shortest text that reads back.
fn number(value: f64) -> Result<JsonNumber> {
    Json::new(&value)?.read()
}

#[cfg(test)]
mod tests {
    use super::quantize;
    use crate::tensors::Tensor;
    use futures::executor::block_on;
    use io_core::{DType, QuantizationDType, WeightSpec, Weights};

    fn quantized(dtype: QuantizationDType, values: &[f32]) -> (Vec<u8>, Option<(f64, f64)>) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let spec = WeightSpec::new("w", [values.len() as u64], DType::Float32);
        let tensor = Tensor { spec, stored: Weights::from(bytes) };
        let tensor = block_on(quantize(tensor, dtype)).unwrap();
        let quantization = tensor.spec.quantization.unwrap();
        let affine = quantization.min.zip(quantization.scale);
        let bytes = block_on(tensor.stored.to_bytes()).unwrap().to_vec();
        (bytes, affine.map(|(min, scale)| (min.value(), scale.value())))
    }

    #[test]
    fn behaviour_37_the_bytes_are_those_of_the_reference() {
        use QuantizationDType::{Float16, Uint8, Uint16};
        assert_eq!(
            quantized(Uint8, &[0.0, -0.1, 1.2]),
            (vec![0x14, 0, 0xff], Some((-0.101_960_788_170_496_63, 0.005_098_039_408_524_831_5)))
        );
        assert_eq!(
            quantized(Uint16, &[0.0, -0.1, 1.2]),
            (
                vec![0xb1, 0x13, 0, 0, 0xff, 0xff],
                Some((-0.099_996_951_978_107_69, 1.983_672_921_604_992_8e-5))
            )
        );
        assert_eq!(
            quantized(Float16, &[0.0, -0.1, 1.2, 70_000.0]).0,
            [0x00, 0x00, 0x66, 0xae, 0xcd, 0x3c, 0x00, 0x7c]
        );
        assert_eq!(
            quantized(Uint8, &[1.0, 2.0, 3.0]),
            (vec![0, 128, 255], Some((1.0, 0.007_843_137_254_901_96)))
        );
        assert_eq!(quantized(Uint8, &[2.5; 3]), (vec![0; 3], Some((2.5, 1.0))));
    }

    #[test]
    fn every_half_survives_and_ties_go_to_even() {
        for half in 0..=u16::MAX {
            let wide = crate::number::widen(half);
            let (bytes, _) = quantized(QuantizationDType::Float16, &[wide]);
            let back = u16::from_le_bytes([bytes[0], bytes[1]]);
            let nan = |half: u16| half & 0x7fff > 0x7c00;
            assert!(back == half || (nan(half) && nan(back)), "{half:04x} {back:04x}");
        }
        for (value, half) in [
            (65_519.996_f32, 0x7bff_u16),
            (65_520.0, 0x7c00),
            (2.980_232_2e-8, 0),
            (2.980_232_6e-8, 1),
            (1.000_488_3, 0x3c00),
            (1.001_464_8, 0x3c02),
        ] {
            let (bytes, _) = quantized(QuantizationDType::Float16, &[value]);
            assert_eq!(u16::from_le_bytes([bytes[0], bytes[1]]), half, "{value}");
        }
    }

    #[test]
    fn what_is_not_finite_has_no_affine_form() {
        let spec = WeightSpec::new("w", [1], DType::Float32);
        let tensor = Tensor { spec, stored: Weights::from(f32::NAN.to_le_bytes().to_vec()) };
        assert!(block_on(quantize(tensor, QuantizationDType::Uint8)).is_err());
    }
}
