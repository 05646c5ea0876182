//! Quantised weights as what they stand for.

use std::sync::Arc;

use bytes::Bytes;
use io_core::{Result, WeightSpec};

use crate::{
    data::{Conversion, converted},
    tensors::Tensor,
};

/// `tensor` without quantisation.
///
/// # Errors
///
/// `Corrupt` when its quantisation is not sound.
pub(crate) fn dequantize(tensor: Tensor) -> Result<Tensor> {
    let Some(quantization) = &tensor.spec.quantization else { return Ok(tensor) };
    let from = usize::try_from(quantization.dtype.element_size()).unwrap_or(usize::MAX);
    let pattern = tensor.spec.clone();
    let decode = move |stored: &[u8], out: &mut Vec<u8>| {
        let count = stored.len() as u64 / from as u64;
        let spec = WeightSpec { shape: vec![count], ..pattern.clone() };
        let stored = Bytes::copy_from_slice(stored);
        out.extend_from_slice(&io_manifest::Tensor { spec: &spec, stored }.decode()?);
        Ok(())
    };
    let conversion = Conversion { from, to: 4, apply: Arc::new(decode) };
    let stored = converted(tensor.stored, conversion)?;
    Ok(Tensor { spec: WeightSpec { quantization: None, ..tensor.spec }, stored })
}
