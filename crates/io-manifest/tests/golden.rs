//! The golden vectors of the specification, section 8: observed output of the reference.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, every_field, hex, json, sequential, specs};
use io_core::{Json, ModelArtifacts, Weights};
use io_manifest::{
    KeyOrder, ModelJson, NamedTensor, Tensor, TensorData, WeightFileRef, encode_weights,
    write_model_json,
};
use sha2::{Digest, Sha256};

fn write(artifacts: &ModelArtifacts, path: &str, order: KeyOrder) -> String {
    let file = WeightFileRef { path, integrity: None };
    String::from_utf8(write_model_json(artifacts, &[file], order).unwrap()).unwrap()
}

#[test]
fn golden_8_1_encode_weights() {
    let strings = ["a", "здраво", ""].map(str::as_bytes);
    let list = [
        NamedTensor { name: "s", shape: &[3], data: TensorData::String(&strings) },
        NamedTensor { name: "b", shape: &[2], data: TensorData::Bool(&[true, false]) },
        NamedTensor { name: "c", shape: &[2], data: TensorData::Complex64(&[[1., 3.], [2., 4.]]) },
        NamedTensor { name: "i", shape: &[], data: TensorData::Int32(&[-2]) },
    ];
    let (specs, bytes) = encode_weights(list, Some("optimizer")).unwrap();
    assert_eq!(
        Json::new(&specs).unwrap().get(),
        r#"[{"name":"s","shape":[3],"dtype":"string","group":"optimizer"},{"name":"b","shape":[2],"dtype":"bool","group":"optimizer"},{"name":"c","shape":[2],"dtype":"complex64","group":"optimizer"},{"name":"i","shape":[],"dtype":"int32","group":"optimizer"}]"#
    );
    let expected = hex("01000000 61 0c000000 d0b7d0b4d180d0b0d0b2d0be 00000000 01 00 \
                        0000803f 00004040 00000040 00008040 feffffff");
    assert_eq!((bytes.len(), bytes.as_ref()), (47, expected.as_slice()));
}

#[test]
fn golden_8_2_float16() {
    let stored: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let specs = specs(
        r#"[{"name":"h","shape":[65536],"dtype":"float32","quantization":{"dtype":"float16"}}]"#,
    );
    let decoded = decode(&specs, &[stored.into()]).unwrap();
    let digest = Sha256::digest(&decoded[0].1);
    assert_eq!(
        digest.as_slice(),
        hex("f4fdd084f85448d28c84f20fabf4022ba938e40b7f382d2727dec6f41ac6267a")
    );
}

#[test]
fn golden_8_3_parts_and_sizes() {
    let info = sequential().info().unwrap();
    assert_eq!(
        (info.model_topology_bytes, info.weight_specs_bytes, info.weight_data_bytes),
        (63, 109, 16)
    );
    // The same after the way through a file.
    let text = write(&sequential(), "./w.bin", KeyOrder::Core);
    let parsed = ModelJson::parse(text.as_bytes()).unwrap().artifacts;
    let info = parsed.info().unwrap();
    assert_eq!((info.model_topology_bytes, info.weight_specs_bytes), (63, 109));
    assert_eq!(
        Json::new(&parsed.weight_specs).unwrap().get(),
        r#"[{"name":"dense/kernel","shape":[3,1],"dtype":"float32"},{"name":"dense/bias","shape":[1],"dtype":"float32"}]"#
    );
    let text_of = |part: &Option<Json>| part.as_ref().map(|part| part.get().to_owned());
    for (part, text) in [
        (&parsed.format, Some(r#""layers-model""#)),
        (&parsed.generated_by, Some(r#""TensorFlow.js tfjs-layers v4.22.0""#)),
        (&parsed.converted_by, Some("null")),
        (&parsed.signature, None),
        (&parsed.user_defined_metadata, Some(r#"{"a":1}"#)),
        (&parsed.model_initializer, Some("{}")),
        (&parsed.initializer_signature, None),
        (
            &parsed.training_config,
            Some(
                r#"{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}"#,
            ),
        ),
    ] {
        assert_eq!(text_of(part).as_deref(), text);
    }
}

#[test]
fn golden_8_4_downloads() {
    let text = write(&sequential(), "./mymodel.weights.bin", KeyOrder::Core);
    assert_eq!(text.len(), 532);
    assert_eq!(
        text,
        r#"{"modelTopology":{"class_name":"Sequential","config":[{"n":"é文"}],"nul":null},"format":"layers-model","generatedBy":"TensorFlow.js tfjs-layers v4.22.0","convertedBy":null,"weightsManifest":[{"paths":["./mymodel.weights.bin"],"weights":[{"name":"dense/kernel","shape":[3,1],"dtype":"float32"},{"name":"dense/bias","shape":[1],"dtype":"float32"}]}],"userDefinedMetadata":{"a":1},"modelInitializer":{},"trainingConfig":{"loss":"mean_squared_error","metrics":[],"optimizer_config":{"class_name":"SGD","config":{"learningRate":0.1}}}}"#
    );
}

/// Node drops the initializer fields; we keep them, after what it writes.
#[test]
fn golden_8_5_node() {
    let reference = r#"{"modelTopology":{"class_name":"Sequential","config":[{"n":"é文"}]},"weightsManifest":[{"paths":["weights.bin"],"weights":[{"name":"k","shape":[2],"dtype":"float32"}]}],"format":"layers-model","generatedBy":"G","convertedBy":null,"trainingConfig":{"loss":"x","metrics":[],"optimizer_config":{}},"signature":{"s":1},"userDefinedMetadata":{"a":1}}"#;
    let mut artifacts = every_field();
    let ours = write(&artifacts, "weights.bin", KeyOrder::Node);
    let kept = r#","modelInitializer":{"node":[]},"initializerSignature":{"o":1}}"#;
    assert_eq!(ours, reference.strip_suffix('}').unwrap().to_owned() + kept);
    artifacts.model_initializer = None;
    artifacts.initializer_signature = None;
    assert_eq!(write(&artifacts, "weights.bin", KeyOrder::Node), reference);
}

#[test]
fn golden_8_6_http() {
    assert_eq!(
        write(&every_field(), "./model.weights.bin", KeyOrder::Core),
        r#"{"modelTopology":{"class_name":"Sequential","config":[{"n":"é文"}]},"format":"layers-model","generatedBy":"G","convertedBy":null,"weightsManifest":[{"paths":["./model.weights.bin"],"weights":[{"name":"k","shape":[2],"dtype":"float32"}]}],"signature":{"s":1},"userDefinedMetadata":{"a":1},"modelInitializer":{"node":[]},"initializerSignature":{"o":1},"trainingConfig":{"loss":"x","metrics":[],"optimizer_config":{}}}"#
    );
    // The form that the reference writes without weights and cannot read.
    let topology_only =
        r#"{"modelTopology":{"a":1},"weightsManifest":[{"paths":["./model.weights.bin"]}]}"#;
    let model = ModelJson::parse(topology_only.as_bytes()).unwrap();
    assert!(model.artifacts.weight_specs.is_none() && model.groups.is_none());
    assert_eq!(model.artifacts.model_topology, Some(json(r#"{"a":1}"#)));
    // Ours.
    let text = write_model_json(&model.artifacts, &[], KeyOrder::Core).unwrap();
    assert_eq!(text, br#"{"modelTopology":{"a":1}}"#);
}

#[test]
fn golden_8_7_layers_model() {
    let topology = r#"{"class_name":"Sequential","config":{"name":"seq","layers":[{"class_name":"Dense","config":{"units":1,"activation":"linear","use_bias":true,"kernel_initializer":{"class_name":"Ones","config":{}},"bias_initializer":{"class_name":"Zeros","config":{}},"kernel_regularizer":null,"bias_regularizer":null,"activity_regularizer":null,"kernel_constraint":null,"bias_constraint":null,"name":"d1","trainable":true,"batch_input_shape":[null,2],"dtype":"float32"}}]},"keras_version":"tfjs-layers 4.22.0","backend":"tensor_flow.js"}"#;
    let model = specs(
        r#"[{"name":"d1/kernel","shape":[2,1],"dtype":"float32"},
            {"name":"d1/bias","shape":[1],"dtype":"float32"}]"#,
    );
    let artifacts = ModelArtifacts {
        model_topology: Some(json(topology)),
        weight_specs: Some(model.clone()),
        weight_data: Some(Weights::from(hex("0000803f0000803f00000000"))),
        ..ModelArtifacts::default()
    };
    assert_eq!(artifacts.info().unwrap().model_topology_bytes, topology.len() as u64);
    assert!(write(&artifacts, "weights.bin", KeyOrder::Core).contains(topology));
    let parts = artifacts.weight_data.as_ref().unwrap().parts().unwrap();
    let tensors: Vec<_> = io_manifest::tensors(&model, parts).map(Result::unwrap).collect();
    assert_eq!(tensors[0].to_f32().unwrap(), [1.0, 1.0]);
    assert_eq!(tensors[1].to_f32().unwrap(), [0.0]);

    let with_optimizer = specs(
        r#"[{"name":"d1/kernel","shape":[2,1],"dtype":"float32"},
            {"name":"d1/bias","shape":[1],"dtype":"float32"},
            {"name":"iter","shape":[],"dtype":"int32","group":"optimizer"},
            {"name":"d1/kernel/m","shape":[2,1],"dtype":"float32","group":"optimizer"},
            {"name":"d1/bias/m","shape":[1],"dtype":"float32","group":"optimizer"},
            {"name":"d1/kernel/v","shape":[2,1],"dtype":"float32","group":"optimizer"},
            {"name":"d1/bias/v","shape":[1],"dtype":"float32","group":"optimizer"}]"#,
    );
    io_manifest::check_specs(&with_optimizer, 40).unwrap();
    assert!(io_manifest::check_specs(&with_optimizer, 39).is_err());
}

#[test]
fn golden_8_8_quantised() {
    for (stored, quantization, expected) in [
        (
            "14 00 ff",
            r#"{"dtype":"uint8","min":-0.10196078817049663,"scale":0.0050980394085248315,"original_dtype":"float32"}"#,
            [0.0, -0.101_960_786, 1.198_039_3].as_slice(),
        ),
        (
            "b113 0000 ffff",
            r#"{"dtype":"uint16","min":-0.09999695197810769,"scale":1.9836729216049928e-05,"original_dtype":"float32"}"#,
            &[0.0, -0.099_996_954, 1.200_003_1],
        ),
        (
            "0000 66ae cd3c 007c",
            r#"{"dtype":"float16","original_dtype":"float32"}"#,
            &[0.0, -0.099_975_586, 1.200_195_3, f32::INFINITY],
        ),
        (
            "00 80 ff",
            r#"{"dtype":"uint8","min":1.0,"scale":0.00784313725490196}"#,
            &[1.0, 2.003_921_5, 3.0],
        ),
        ("00 00 00", r#"{"dtype":"uint8","min":2.5,"scale":1.0}"#, &[2.5, 2.5, 2.5]),
    ] {
        let count = expected.len();
        let text = format!(
            r#"[{{"name":"x","shape":[{count}],"dtype":"float32","quantization":{quantization}}}]"#
        );
        let specs = specs(&text);
        // The entry is written back as it was read: no number is spelled anew.
        assert_eq!(Json::new(&specs).unwrap().get(), text);
        let tensor = Tensor { spec: &specs[0], stored: Bytes::from(hex(stored)) };
        let decoded = tensor.to_f32().unwrap();
        let bits = |all: &[f32]| all.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&decoded), bits(expected), "{decoded:?}");
    }
}
