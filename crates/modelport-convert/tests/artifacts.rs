//! Models of TensorFlow.js as files and back: what is wrong with their weights is said.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test that fails")]

use futures::executor::block_on;
use io_core::{DType, Error, ErrorKind, Json, ModelArtifacts, Result, WeightSpec, Weights};
use modelport_convert::{ConvertOptions, Format, Output, Source, convert};
use serde_json::json;

fn converted(source: Source, format: Format) -> Result<Output> {
    block_on(convert(source, format, &ConvertOptions::new())).map(|done| done.output)
}

/// A Dense of two units, with a kernel of that shape.
fn dense(shape: &[u64]) -> ModelArtifacts {
    let topology = json!({"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "d", "units": 2, "use_bias": false,
            "batch_input_shape": [null, 3]}}]}});
    let bytes = 4 * usize::try_from(shape.iter().product::<u64>()).unwrap();
    ModelArtifacts {
        model_topology: Some(Json::new(&topology).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("d/kernel", shape, DType::Float32)]),
        weight_data: Some(Weights::from(vec![0; bytes])),
        ..ModelArtifacts::default()
    }
}

#[test]
fn b43_weights_of_another_shape_than_the_model_says_are_not_written() {
    for format in [Format::H5, Format::H5Weights, Format::Keras, Format::KerasWeights] {
        converted(Source::Model(dense(&[3, 2])), format).unwrap();
        let error: Error = converted(Source::Model(dense(&[5, 7])), format).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("`kernel` of layer `d`"), "{error}");
    }
}

#[test]
fn b50_tensors_beside_a_topology_come_along_without_specs() {
    let header = json!({
        "__metadata__": {"format": "tfjs", "modelTopology": "{}"},
        "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    })
    .to_string();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    let file = [&length[..], header.as_bytes(), &2.5_f32.to_le_bytes()].concat();
    let read = converted(Source::File(Weights::from(file)), Format::Tfjs).unwrap();
    let Output::Model(model) = read else { panic!("not a model") };
    assert_eq!(model.model_topology.unwrap().get(), "{}");
    assert_eq!(model.weight_specs.unwrap(), [WeightSpec::new("w", [1], DType::Float32)]);
    let values = block_on(model.weight_data.unwrap().to_bytes()).unwrap();
    assert_eq!(values.as_ref(), 2.5_f32.to_le_bytes());
}
