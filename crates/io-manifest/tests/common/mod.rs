//! What several tests need.

#![allow(dead_code, reason = "each test binary uses its own part")]

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
use io_core::{Error, Json, ModelArtifacts, Result, WeightSpec, WeightStream, Weights};
use io_manifest::{Tensor, tensor_pieces, tensor_stream, tensors};
use std::path::PathBuf;

/// Everything an error says: its text and those of its causes.
pub(crate) fn chain(error: &Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// `bytes` in pieces of `size`, with an empty one in between.
pub(crate) fn pieces(bytes: &[u8], size: usize) -> WeightStream {
    let mut pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    pieces.insert(pieces.len() / 2, Bytes::new());
    Box::pin(stream::iter(pieces).map(Ok))
}

/// The decoded tensors of bytes in memory.
pub(crate) fn decode(specs: &[WeightSpec], parts: &[Bytes]) -> Result<Vec<(String, Bytes)>> {
    tensors(specs, parts)
        .map(|tensor| tensor.and_then(|tensor| Ok((tensor.spec.name.clone(), tensor.decode()?))))
        .collect()
}

/// The decoded tensors of a stream.
pub(crate) fn decode_stream(
    specs: &[WeightSpec],
    stream: WeightStream,
) -> Result<Vec<(String, Bytes)>> {
    let all: Vec<_> = block_on(tensor_stream(specs.to_vec(), stream).try_collect())?;
    all.into_iter()
        .map(|(spec, stored)| Ok((spec.name.clone(), Tensor { spec: &spec, stored }.decode()?)))
        .collect()
}

/// The decoded tensors of a stream, decoded piece by piece.
pub(crate) fn decode_pieces(
    specs: &[WeightSpec],
    stream: WeightStream,
) -> Result<Vec<(String, Bytes)>> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut is_next = true;
    for piece in block_on(tensor_pieces(specs.to_vec(), stream).try_collect::<Vec<_>>())? {
        let spec = &specs[piece.weight];
        if is_next {
            all.push((spec.name.clone(), Vec::new()));
        }
        assert_eq!(all.len(), piece.weight + 1);
        all.last_mut().unwrap().1.extend_from_slice(&piece.decode(spec)?);
        is_next = piece.last;
    }
    Ok(all.into_iter().map(|(name, bytes)| (name, bytes.into())).collect())
}

/// The specs of a JSON array.
pub(crate) fn specs(text: &str) -> Vec<WeightSpec> {
    json(text).read().unwrap()
}

/// The artifacts of spec §8.3 and §8.4.
pub(crate) fn sequential() -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(json(
            r#"{"class_name":"Sequential","config":[{"n":"é文"}],"nul":null}"#,
        )),
        format: Some("layers-model".into()),
        generated_by: Some("TensorFlow.js tfjs-layers v4.22.0".into()),
        converted_by: Some(json("null")),
        weight_specs: Some(specs(
            r#"[{"name":"dense/kernel","shape":[3,1],"dtype":"float32"},
                {"name":"dense/bias","shape":[1],"dtype":"float32"}]"#,
        )),
        weight_data: Some(Weights::from(hex("000102030405060708090afafbfcfdfe"))),
        training_config: Some(json(
            r#"{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}"#,
        )),
        user_defined_metadata: Some(json(r#"{"a":1}"#)),
        model_initializer: Some(json("{}")),
        ..ModelArtifacts::default()
    }
}

/// The artifacts of spec §8.5 and §8.6: every field set.
pub(crate) fn every_field() -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(json(r#"{"class_name":"Sequential","config":[{"n":"é文"}]}"#)),
        format: Some("layers-model".into()),
        generated_by: Some("G".into()),
        converted_by: Some(json("null")),
        weight_specs: Some(specs(r#"[{"name":"k","shape":[2],"dtype":"float32"}]"#)),
        weight_data: Some(Weights::from(hex("0000803f00000040"))),
        training_config: Some(json(r#"{"loss":"x","metrics":[],"optimizer_config":{}}"#)),
        signature: Some(json(r#"{"s":1}"#)),
        user_defined_metadata: Some(json(r#"{"a":1}"#)),
        model_initializer: Some(json(r#"{"node":[]}"#)),
        initializer_signature: Some(json(r#"{"o":1}"#)),
        ..ModelArtifacts::default()
    }
}

/// The folder of the fixtures.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures"))
}

/// Every `model.json` of the fixtures.
pub(crate) fn model_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixtures()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("model.json") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() >= 30, "{} model files", found.len());
    found
}
