//! Artifacts that no model file is made of, each with its sentence.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::json;
use io_core::{DType, ErrorKind, ModelArtifacts, WeightSpec, Weights};
use io_manifest::{FileIntegrity, KeyOrder, WeightFileRef, write_model_json};

#[test]
fn artifacts_that_cannot_be_written() {
    let specs = || Some(vec![WeightSpec::new("x", [1], DType::Bool)]);
    let one_byte = || Some(Weights::from(vec![1]));
    let topology = || Some(json("{}"));
    let file = |path| [WeightFileRef { path, integrity: None }];
    for (artifacts, path, kind, sentence) in [
        (
            ModelArtifacts::default(),
            "w",
            ErrorKind::InvalidInput,
            "the model has neither a topology nor weights",
        ),
        (
            ModelArtifacts {
                weight_data: one_byte(),
                model_topology: topology(),
                ..Default::default()
            },
            "w",
            ErrorKind::InvalidInput,
            "the model has weights but no weight specs",
        ),
        (
            ModelArtifacts {
                weight_specs: specs(),
                weight_data: Some(vec![1, 2].into()),
                ..Default::default()
            },
            "w",
            ErrorKind::Corrupt,
            "the weights have 2 bytes instead of 1",
        ),
        (
            ModelArtifacts { weight_specs: specs(), weight_data: one_byte(), ..Default::default() },
            "../w",
            ErrorKind::Corrupt,
            "the weight path `../w` of the model file leaves the directory of the model",
        ),
        (
            ModelArtifacts { model_topology: Some(json("1")), ..Default::default() },
            "w",
            ErrorKind::InvalidInput,
            "the key `modelTopology` of the model file is not an object",
        ),
        (
            ModelArtifacts {
                model_topology: topology(),
                extra: vec![("format".to_owned(), json("1"))],
                ..Default::default()
            },
            "w",
            ErrorKind::InvalidInput,
            "the extra key `format` is there twice",
        ),
        (
            ModelArtifacts {
                weight_specs: Some(vec![WeightSpec {
                    extra: vec![("name".to_owned(), json("\"y\""))],
                    ..WeightSpec::new("x", [1], DType::Bool)
                }]),
                weight_data: one_byte(),
                ..Default::default()
            },
            "w",
            ErrorKind::InvalidInput,
            "the extra key `name` of weight `x` is there twice",
        ),
    ] {
        let error = write_model_json(&artifacts, &file(path), KeyOrder::Core).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, sentence));
    }
    let artifacts =
        ModelArtifacts { weight_specs: specs(), weight_data: one_byte(), ..Default::default() };
    let error = write_model_json(&artifacts, &[], KeyOrder::Core).unwrap_err();
    assert_eq!(error.to_string(), "the model has weights but no file for them");
    // The files are taken at their word when the bytes are not there.
    let artifacts = ModelArtifacts { weight_specs: specs(), ..Default::default() };
    let integrity = |bytes| Some(FileIntegrity { bytes, crc64nvme: 0 });
    for (bytes, ok) in [(1, true), (2, false)] {
        let file = [WeightFileRef { path: "w", integrity: integrity(bytes) }];
        assert_eq!(write_model_json(&artifacts, &file, KeyOrder::Core).is_ok(), ok);
    }
}
