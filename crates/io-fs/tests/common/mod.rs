//! What the tests of this crate share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "these are tests, though not in one")]

use std::{collections::BTreeMap, fmt, fs, ops::Range, path::Path};

use futures::executor::block_on;
use io_core::{
    DType, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelUrl, Result, SaveResult,
    WeightSource, WeightSpec, WeightStream, Weights,
};
use io_fs::FsHandler;

/// A model of `count` floats, all of which are `value`.
pub fn model(count: usize, value: f32) -> ModelArtifacts {
    let bytes: Vec<u8> = value.to_le_bytes().repeat(count);
    ModelArtifacts {
        model_topology: Some(Json::parse(&format!(r#"{{"value":{value}}}"#)).unwrap()),
        format: Some("layers-model".into()),
        weight_specs: Some(vec![WeightSpec::new("w", [count as u64], DType::Float32)]),
        weight_data: Some(bytes.into()),
        ..Default::default()
    }
}

pub fn url(path: &Path) -> ModelUrl {
    ModelUrl::new("file", path.to_str().unwrap()).unwrap()
}

pub fn handler(path: &Path) -> FsHandler {
    with(path, HandlerOptions::new())
}

pub fn with(path: &Path, options: HandlerOptions) -> FsHandler {
    FsHandler::new(url(path), options).unwrap()
}

pub fn save(path: &Path, artifacts: ModelArtifacts) -> Result<SaveResult> {
    block_on(handler(path).save(artifacts))
}

/// Topology and bytes of the model at `path`.
pub fn load(path: &Path) -> Result<(String, Vec<u8>)> {
    read(block_on(handler(path).load())?)
}

pub fn read(artifacts: ModelArtifacts) -> Result<(String, Vec<u8>)> {
    let weights = artifacts.weight_data.unwrap_or_else(|| Weights::from_parts([]));
    let bytes = block_on(weights.to_bytes())?;
    let topology = artifacts.model_topology.map_or(String::new(), |json| json.get().to_owned());
    Ok((topology, bytes.to_vec()))
}

/// What `model(count, value)` loads as.
pub fn expected(count: usize, value: f32) -> (String, Vec<u8>) {
    (format!(r#"{{"value":{value}}}"#), value.to_le_bytes().repeat(count))
}

/// Every file under `directory`, with its bytes.
pub fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(directory: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(directory, "", &mut found);
    found
}

pub fn names(directory: &Path) -> Vec<String> {
    tree(directory).into_keys().collect()
}

/// The same weights, before whose first byte something happens.
pub fn when_asked(weights: Weights, first: impl Fn() + Send + Sync + 'static) -> Weights {
    struct WhenAsked<F>(Weights, F);
    impl<F> fmt::Debug for WhenAsked<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }
    impl<F: Fn() + Send + Sync> WeightSource for WhenAsked<F> {
        fn byte_length(&self) -> u64 {
            self.0.byte_length()
        }

        fn stream(&self, range: Range<u64>) -> WeightStream {
            (self.1)();
            self.0.stream_range(range)
        }
    }
    Weights::from_source(WhenAsked(weights, first))
}
