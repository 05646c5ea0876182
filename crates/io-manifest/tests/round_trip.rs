//! Any artifacts come back from a model file as they were, and any weights from their bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, decode_stream, json, pieces};
use io_core::{DType, Json, ModelArtifacts, WeightSpec, Weights};
use io_manifest::{
    FileIntegrity, KeyOrder, ModelJson, NamedTensor, TensorData, WeightFileRef, encode_weights,
    write_model_json,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

fn object() -> impl Strategy<Value = Json> {
    // Spellings that a printer would change.
    select(vec![
        "{}",
        r#"{"a":1.0,"b":[1e21,-0.0]}"#,
        "{ \"k\" :\n1E5 }",
        r#"{"é":"\u00e9\/","2":1,"1":[null,true]}"#,
        r#"{"n":123456789012345678901234567890}"#,
    ])
    .prop_map(json)
}

fn text() -> impl Strategy<Value = Json> {
    any::<String>().prop_map(|text| Json::from(text.as_str()))
}

fn nullable(of: impl Strategy<Value = Json>) -> impl Strategy<Value = Option<Json>> {
    option::of(prop_oneof![4 => of, 1 => Just(json("null"))])
}

fn spec() -> impl Strategy<Value = WeightSpec> {
    let quantization = select(vec![
        None,
        Some(r#"{"dtype":"uint8","min":-1.50,"scale":1e-2,"original_dtype":"float32"}"#),
        Some(r#"{"dtype":"uint16","min":0,"scale":0.1}"#),
        Some(r#"{"dtype":"float16"}"#),
    ]);
    let group = option::of(Just("optimizer".to_owned()));
    let extra = vec(("[g-z]{5}", object()), 0..2);
    (vec(0..4_u64, 0..4), select(DType::ALL), group, quantization, extra).prop_map(
        |(shape, dtype, group, quantization, extra)| {
            let quantization = quantization.filter(|text| match dtype {
                DType::Float32 => true,
                DType::Int32 => !text.contains("float16"),
                _ => false,
            });
            let quantization = quantization.map(|text| json(text).read().unwrap());
            WeightSpec { group, quantization, extra, ..WeightSpec::new("", shape, dtype) }
        },
    )
}

fn specs() -> impl Strategy<Value = Vec<WeightSpec>> {
    vec((any::<String>(), spec()), 0..6).prop_map(|all| {
        let name = |place: usize, name: String| format!("{place}{name}");
        let all = all.into_iter().enumerate();
        all.map(|(place, (n, spec))| WeightSpec { name: name(place, n), ..spec }).collect()
    })
}

prop_compose! {
    fn artifacts()(
        (model_topology, format, generated_by, converted_by) in
            (nullable(object()), nullable(text()), nullable(text()), nullable(text())),
        (training_config, signature, user_defined_metadata) in
            (option::of(object()), option::of(object()), option::of(prop_oneof![object(), text()])),
        (model_initializer, initializer_signature) in (option::of(object()), option::of(object())),
        weight_specs in option::of(specs()),
        extra in vec(any::<String>(), 0..3),
        value in object(),
    ) -> ModelArtifacts {
        let extra = extra.into_iter().enumerate();
        let extra = extra.map(|(place, key)| (format!("{key}{place}"), value.clone())).collect();
        ModelArtifacts {
            model_topology, format, generated_by, converted_by, training_config, signature,
            user_defined_metadata, model_initializer, initializer_signature, weight_specs, extra,
            weight_data: None,
        }
    }
}

proptest! {
    #[test]
    fn artifacts_come_back(
        artifacts in artifacts(),
        node in any::<bool>(),
        paths in vec("[a-z]{1,8}[.]bin", 1..4),
        crc64nvme in option::of(any::<u64>()),
    ) {
        let lengths: Option<u64> = artifacts.weight_specs.iter().flatten()
            .map(|spec| spec.byte_length().unwrap()).sum();
        // All bytes are in the first file.
        let files: Vec<WeightFileRef<'_>> = paths.iter().enumerate().map(|(place, path)| {
            let bytes = lengths.filter(|_| place == 0).unwrap_or(0);
            let integrity = crc64nvme.filter(|_| lengths.is_some());
            let integrity = integrity.map(|crc64nvme| FileIntegrity { bytes, crc64nvme });
            WeightFileRef { path, integrity }
        }).collect();
        let order = if node { KeyOrder::Node } else { KeyOrder::Core };
        let written = write_model_json(&artifacts, &files, order);
        let has_topology = artifacts.model_topology.as_ref().is_some_and(|t| !t.is_null());
        prop_assert_eq!(written.is_ok(), has_topology || artifacts.weight_specs.is_some());
        let Ok(written) = written else { return Ok(()) };

        let model = ModelJson::parse(&written).unwrap();
        let again = &model.artifacts;
        prop_assert_eq!(&again.model_topology, &artifacts.model_topology);
        prop_assert_eq!(&again.format, &artifacts.format);
        prop_assert_eq!(&again.generated_by, &artifacts.generated_by);
        prop_assert_eq!(&again.converted_by, &artifacts.converted_by);
        prop_assert_eq!(&again.training_config, &artifacts.training_config);
        prop_assert_eq!(&again.signature, &artifacts.signature);
        prop_assert_eq!(&again.user_defined_metadata, &artifacts.user_defined_metadata);
        prop_assert_eq!(&again.model_initializer, &artifacts.model_initializer);
        prop_assert_eq!(&again.initializer_signature, &artifacts.initializer_signature);
        prop_assert_eq!(&again.weight_specs, &artifacts.weight_specs);
        prop_assert_eq!(&again.extra, &artifacts.extra);
        if artifacts.weight_specs.is_some() {
            let read = model.files();
            prop_assert_eq!(read.len(), files.len());
            for (read, file) in read.iter().zip(&files) {
                prop_assert_eq!((read.path.as_str(), read.integrity), (file.path, file.integrity));
            }
            // And so on for ever.
            prop_assert_eq!(write_model_json(again, &files, order).unwrap(), written);
        }
    }

    #[test]
    fn weights_come_back(
        floats in vec(any::<u32>(), 0..9),
        ints in vec(any::<i32>(), 0..9),
        bools in vec(any::<bool>(), 0..9),
        strings in vec(vec(any::<u8>(), 0..9), 0..9),
        size in 1..20_usize,
    ) {
        let floats: Vec<f32> = floats.into_iter().map(f32::from_bits).collect();
        let slices: Vec<&[u8]> = strings.iter().map(Vec::as_slice).collect();
        let shapes = [floats.len(), ints.len(), bools.len(), slices.len()].map(|n| [n as u64]);
        let data = [
            TensorData::Float32(&floats),
            TensorData::Int32(&ints),
            TensorData::Bool(&bools),
            TensorData::String(&slices),
        ];
        let names = ["f", "i", "b", "s"];
        let list = (0..4).map(|i| NamedTensor { name: names[i], shape: &shapes[i], data: data[i] });
        let (specs, bytes) = encode_weights(list, Some("model")).unwrap();
        let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        let all: Vec<_> =
            io_manifest::tensors(&specs, &parts).collect::<Result<_, _>>().unwrap();
        let bits = |all: &[f32]| all.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&all[0].to_f32().unwrap()), bits(&floats));
        prop_assert_eq!(all[1].to_i32().unwrap(), ints);
        prop_assert_eq!(all[2].to_bools().unwrap(), bools);
        prop_assert_eq!(all[3].to_strings().unwrap(), slices);
        let streamed = decode_stream(&specs, pieces(&bytes, size)).unwrap();
        prop_assert_eq!(streamed, decode(&specs, &parts).unwrap());
    }
}

/// Nothing is lost on the way from one writer's order to the other's and back.
#[test]
fn orders_are_two_spellings_of_one_model() {
    let artifacts =
        ModelArtifacts { weight_data: Some(Weights::from(vec![0; 8])), ..common::every_field() };
    let file = [WeightFileRef { path: "w.bin", integrity: None }];
    let node = write_model_json(&artifacts, &file, KeyOrder::Node).unwrap();
    let read = ModelJson::parse(&node).unwrap().artifacts;
    assert_eq!(
        write_model_json(&read, &file, KeyOrder::Core).unwrap(),
        write_model_json(&artifacts, &file, KeyOrder::Core).unwrap()
    );
}
