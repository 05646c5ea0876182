//! A model of a given size.

use std::ops::Range;

use anyhow::{Result, ensure};
use modelport::{DType, Json, ModelArtifacts, WeightSpec};

/// The largest tensor; the script for TensorFlow.js has the same.
const TENSOR_BYTES: usize = 64 << 20;

/// A model whose weights have `bytes` bytes, a multiple of 4.
pub(crate) fn model(bytes: u64) -> Result<(ModelArtifacts, Vec<u8>)> {
    let data = noise(usize::try_from(bytes)?);
    let mut specs = Vec::new();
    for (index, range) in tensors(data.len()).enumerate() {
        let elements = range.len() as u64 / 4;
        specs.push(WeightSpec::new(format!("w{index}"), [elements], DType::Float32));
    }
    ensure!(data.len().is_multiple_of(4), "{bytes} is no multiple of 4");
    let artifacts = ModelArtifacts {
        model_topology: Some(Json::parse("{}")?),
        format: Some("layers-model".into()),
        generated_by: Some("bench".into()),
        weight_specs: Some(specs),
        ..ModelArtifacts::default()
    };
    Ok((artifacts, data))
}

/// Where each tensor lies among the bytes.
pub(crate) fn tensors(bytes: usize) -> impl Iterator<Item = Range<usize>> {
    (0..bytes).step_by(TENSOR_BYTES).map(move |start| start..bytes.min(start + TENSOR_BYTES))
}

/// Bytes that nothing on the way to the disk can make smaller, the same each time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut data = vec![0; bytes];
    for chunk in data.chunks_mut(8) {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for (byte, random) in chunk.iter_mut().zip(state.to_le_bytes()) {
            *byte = random;
        }
    }
    data
}
