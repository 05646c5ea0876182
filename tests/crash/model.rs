//! Models that can be told apart, for the crash tests and their child.

use std::{num::NonZeroU64, path::Path};

use io_core::{DType, HandlerOptions, Json, ModelArtifacts, ModelUrl, WeightSpec};

/// A file that is no model, in the directory.
pub(crate) const FILE: &str = "one.bin";

pub(crate) fn url(path: &Path) -> ModelUrl {
    ModelUrl::new("file", path.to_str().unwrap()).unwrap()
}

/// Every third model is saved in shards, so that files come and go.
pub(crate) fn options(seed: u32) -> HandlerOptions {
    match seed % 3 {
        0 => HandlerOptions::new().with_shard_bytes(NonZeroU64::new(20_000).unwrap()),
        _ => HandlerOptions::new(),
    }
}

/// The topology of a model.
pub(crate) fn topology(seed: u32) -> String {
    format!(r#"{{"seed":{seed}}}"#)
}

/// The weights of a model: of a length of its own, and not two words alike.
pub(crate) fn weights(seed: u32) -> Vec<u8> {
    let count = 12_000 + 100 * (seed % 7);
    (0..count).flat_map(|word: u32| (word ^ seed.wrapping_mul(0x9E37_79B9)).to_le_bytes()).collect()
}

pub(crate) fn artifacts(seed: u32) -> ModelArtifacts {
    let weights = weights(seed);
    let shape = [weights.len() as u64 / 4];
    ModelArtifacts {
        model_topology: Some(Json::parse(&topology(seed)).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", shape, DType::Int32)]),
        weight_data: Some(weights.into()),
        ..Default::default()
    }
}
