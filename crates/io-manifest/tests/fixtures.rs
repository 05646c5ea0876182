//! Models that the reference wrote: each is read, decodes to the expected tensors, and comes through
//! a write unchanged.

#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, decode_pieces, decode_stream, fixtures, model_files, pieces};
use io_core::{ModelArtifacts, WeightSpec};
use io_manifest::{KeyOrder, ModelJson, WeightFileRef, write_model_json};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// A model file and the bytes of its weight files.
fn read(path: &Path) -> (ModelJson, Vec<Bytes>) {
    let model = ModelJson::parse(&fs::read(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {:?}", path.display(), common::chain(&error)));
    let folder = path.parent().unwrap();
    let files = model.files();
    let parts: Vec<Bytes> =
        files.iter().map(|file| fs::read(folder.join(&file.path)).unwrap().into()).collect();
    (model, parts)
}

fn specs(model: &ModelJson) -> &[WeightSpec] {
    model.artifacts.weight_specs.as_deref().unwrap_or_default()
}

#[test]
fn every_model_file_has_the_lengths_it_says() {
    for path in model_files() {
        let (model, parts) = read(&path);
        let mut lengths: Vec<u64> = parts.iter().map(|part| part.len() as u64).collect();
        model.check_lengths(&lengths).unwrap();
        let strings = specs(&model).iter().any(|spec| spec.byte_length().unwrap().is_none());
        if let Some(last) = lengths.last_mut().filter(|_| !strings) {
            *last += 1;
            assert!(model.check_lengths(&lengths).is_err(), "{}", path.display());
        }
    }
}

#[test]
fn decoded_weights_have_the_expected_digests() {
    let (mut artifacts, mut weights) = (0, 0);
    for entry in fs::read_dir(fixtures()).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(expected) = fs::read(folder.join("expected.json")) else { continue };
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        for artifact in expected["artifacts"].as_object().unwrap().values() {
            let path = folder.join(artifact["path"].as_str().unwrap());
            if !path.ends_with("model.json") {
                continue;
            }
            let (model, parts) = read(&path);
            let decoded = decode(specs(&model), &parts).unwrap();
            let joined = parts.concat();
            for size in [1, 3, 7, 14, 61, joined.len().max(1)] {
                let streamed = decode_stream(specs(&model), pieces(&joined, size)).unwrap();
                assert_eq!(streamed, decoded, "{} in pieces of {size}", path.display());
                let cut = decode_pieces(specs(&model), pieces(&joined, size)).unwrap();
                assert_eq!(cut, decoded, "{} in pieces of {size}", path.display());
            }
            let wanted = artifact["weights"].as_array().unwrap();
            assert_eq!(decoded.len(), wanted.len(), "{}", path.display());
            for ((want, (name, bytes)), spec) in wanted.iter().zip(&decoded).zip(specs(&model)) {
                let shown = format!("{name} of {}", path.display());
                let digest: String =
                    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(want["name"], name.as_str(), "{shown}");
                assert_eq!(want["dtype"], spec.dtype.name(), "{shown}");
                assert_eq!(want["shape"], Value::from(spec.shape.clone()), "{shown}");
                assert_eq!(want["sha256"], digest, "{shown}");
                weights += 1;
            }
            artifacts += 1;
        }
    }
    assert!(artifacts >= 30 && weights >= 200, "{artifacts} artifacts, {weights} weights");
}

#[test]
fn every_model_comes_through_a_write_unchanged() {
    for path in model_files() {
        let (model, parts) = read(&path);
        let data = (!parts.is_empty()).then(|| io_core::Weights::from_parts(parts));
        let artifacts = ModelArtifacts { weight_data: data, ..model.artifacts };
        for order in [KeyOrder::Core, KeyOrder::Node] {
            let file = [WeightFileRef { path: "weights.bin", integrity: None }];
            let written = write_model_json(&artifacts, &file, order).unwrap();
            let again = ModelJson::parse(&written).unwrap().artifacts;
            assert_eq!(again.model_topology, artifacts.model_topology, "{}", path.display());
            assert_eq!(again.weight_specs, artifacts.weight_specs, "{}", path.display());
            assert_eq!(again.user_defined_metadata, artifacts.user_defined_metadata);
            assert_eq!(again.signature, artifacts.signature);
            assert_eq!(again.training_config, artifacts.training_config);
            assert_eq!(again.model_initializer, artifacts.model_initializer);
            assert_eq!(again.extra, artifacts.extra);
        }
    }
}
