//! Models for tests.

use bytes::Bytes;
use futures::{StreamExt, executor::block_on, stream};
use io_core::{
    Error, IOHandler, Json, ModelArtifacts, Result, WeightSource, WeightSpec, WeightStream, Weights,
};
use std::ops::Range;

/// A model of so many floats, in chunks of 64 KiB; `seed` tells one from another.
pub fn model(seed: u8, floats: u64) -> ModelArtifacts {
    with_weights(floats, Weights::from_source(Source { seed, bytes: floats * 4, fails_at: None }))
}

/// The same, with a source that fails after so many bytes.
pub fn failing(seed: u8, floats: u64, fails_at: u64) -> ModelArtifacts {
    let source = Source { seed, bytes: floats * 4, fails_at: Some(fails_at) };
    with_weights(floats, Weights::from_source(source))
}

fn with_weights(floats: u64, weights: Weights) -> ModelArtifacts {
    let spec = format!(r#"{{"name":"w","shape":[{floats}],"dtype":"float32"}}"#);
    let spec: WeightSpec = serde_json::from_str(&spec).unwrap();
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#).unwrap()),
        weight_specs: Some(vec![spec]),
        weight_data: Some(weights),
        ..ModelArtifacts::default()
    }
}

/// Whether the handler loads the model of this seed and size.
pub fn loads(handler: &impl IOHandler, seed: u8, floats: u64) -> bool {
    let loaded = block_on(handler.load()).unwrap();
    let found = block_on(loaded.weight_data.unwrap().to_bytes()).unwrap();
    let due = block_on(model(seed, floats).weight_data.unwrap().to_bytes()).unwrap();
    found == due
}

/// The handler loads the model of this seed and size.
#[track_caller]
pub fn assert_loads(handler: &impl IOHandler, seed: u8, floats: u64) {
    assert!(loads(handler, seed, floats), "other weights");
}

#[derive(Debug)]
struct Source {
    seed: u8,
    bytes: u64,
    fails_at: Option<u64>,
}

impl WeightSource for Source {
    fn byte_length(&self) -> u64 {
        self.bytes
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let (seed, fails_at) = (self.seed, self.fails_at.unwrap_or(u64::MAX));
        let starts = (range.start..range.end).step_by(64 << 10);
        Box::pin(stream::iter(starts).map(move |start| -> Result<Bytes> {
            if start >= fails_at {
                return Err(Error::corrupt("the source broke"));
            }
            let end = range.end.min(start + (64 << 10));
            // Quick to make, and no two chunks alike.
            let length = usize::try_from(end - start).unwrap();
            let mut chunk = vec![seed; length];
            for (byte, mark) in chunk.iter_mut().zip(start.to_le_bytes()) {
                *byte ^= mark;
            }
            Ok(chunk.into())
        }))
    }
}
