//! The traps of the specification, section 0, that concern model files and weights.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, every_field, json, pieces, specs};
use io_core::{ErrorKind, ModelArtifacts};
use io_manifest::{KeyOrder, ModelJson, WeightFileRef, write_model_json};

fn write(artifacts: &ModelArtifacts, order: KeyOrder) -> String {
    let file = WeightFileRef { path: "weights.bin", integrity: None };
    String::from_utf8(write_model_json(artifacts, &[file], order).unwrap()).unwrap()
}

#[test]
fn trap_1_key_order_differs_by_writer() {
    let (core, node) = (KeyOrder::Core, KeyOrder::Node);
    let [core, node] = [core, node].map(|order| write(&every_field(), order));
    assert!(core.find("\"format\"") < core.find("\"weightsManifest\""));
    assert!(node.find("\"weightsManifest\"") < node.find("\"format\""));
    // The order in which they stand is of no concern to the reader.
    for text in [core, node] {
        let model = ModelJson::parse(text.as_bytes()).unwrap();
        assert_eq!(write(&model.artifacts, KeyOrder::Core), write(&every_field(), KeyOrder::Core));
    }
}

#[test]
fn trap_2_the_initializer_survives_node_order() {
    let text = write(&every_field(), KeyOrder::Node);
    let artifacts = ModelJson::parse(text.as_bytes()).unwrap().artifacts;
    assert_eq!(artifacts.model_initializer, every_field().model_initializer);
    assert_eq!(artifacts.initializer_signature, every_field().initializer_signature);
}

#[test]
fn trap_3_null_and_absent_are_told_apart() {
    let mut artifacts = every_field();
    for (converted_by, written) in [(Some(json("null")), true), (None, false)] {
        artifacts.converted_by = converted_by.clone();
        let text = write(&artifacts, KeyOrder::Core);
        assert_eq!(text.contains(r#""convertedBy":null"#), written);
        let parsed = ModelJson::parse(text.as_bytes()).unwrap().artifacts;
        assert_eq!(parsed.converted_by, converted_by);
    }
}

#[test]
fn trap_4_a_group_without_weights_is_no_manifest() {
    for (manifest, specs, files) in [
        (r#"[{"paths":["w.bin"]}]"#, None, 0),
        (r#"[{"paths":["w.bin"],"weights":null}]"#, None, 0),
        (r#"[{},{"paths":["../../w.bin"]}]"#, None, 0),
        ("null", None, 0),
        ("[]", Some(0), 0),
        (r#"[{"paths":["w.bin"],"weights":[]}]"#, Some(0), 1),
        (
            r#"[{"paths":["a.bin"]},{"paths":["b.bin"],"weights":[{"name":"x","shape":[],"dtype":"bool"}]}]"#,
            Some(1),
            1,
        ),
    ] {
        let text = format!(r#"{{"modelTopology":{{}},"weightsManifest":{manifest}}}"#);
        let model = ModelJson::parse(text.as_bytes()).unwrap();
        assert_eq!(model.artifacts.weight_specs.as_ref().map(Vec::len), specs, "{manifest}");
        assert_eq!(model.groups.is_some(), specs.is_some(), "{manifest}");
        assert_eq!(model.files().len(), files, "{manifest}");
        assert!(model.artifacts.weight_data.is_none());
    }
}

/// Buffers of one length and a longer last one, or an empty one first, decode as zeros upstream.
#[test]
fn trap_6_unequal_buffers_decode() {
    let specs = specs(
        r#"[{"name":"a","shape":[2],"dtype":"bool"},{"name":"b","shape":[3],"dtype":"bool"},
            {"name":"s","shape":[1],"dtype":"string"}]"#,
    );
    let bytes = [1, 2, 3, 4, 5, 2, 0, 0, 0, 65, 66];
    for cuts in [vec![2], vec![1, 2], vec![0], vec![0, 0, 11], vec![3], vec![7], vec![10, 10]] {
        let mut parts = Vec::new();
        let mut start = 0;
        for cut in cuts {
            parts.push(Bytes::copy_from_slice(&bytes[start..cut]));
            start = cut;
        }
        parts.push(Bytes::copy_from_slice(&bytes[start..]));
        let decoded = decode(&specs, &parts).unwrap();
        assert_eq!(decoded[0].1.as_ref(), [1, 2]);
        assert_eq!(decoded[1].1.as_ref(), [3, 4, 5]);
        assert_eq!(decoded[2].1.as_ref(), [2, 0, 0, 0, 65, 66]);
    }
    for size in 1..=bytes.len() {
        let decoded = common::decode_stream(&specs, pieces(&bytes, size)).unwrap();
        assert_eq!(decoded[1].1.as_ref(), [3, 4, 5]);
    }
}

/// The sizes of a model are those of the text that JavaScript would print.
#[test]
fn trap_8_numbers_are_counted_as_javascript_prints_them_and_written_as_they_were() {
    let text =
        r#"{"modelTopology": {"a": [1.0, 1e-7, 1E20, 1e21, 0.1e-5]}, "weightsManifest": []}"#;
    let artifacts = ModelJson::parse(text.as_bytes()).unwrap().artifacts;
    let printed = r#"{"a":[1,1e-7,100000000000000000000,1e+21,0.000001]}"#;
    assert_eq!(artifacts.info().unwrap().model_topology_bytes, printed.len() as u64);
    let written = write_model_json(&artifacts, &[], KeyOrder::Core).unwrap();
    assert_eq!(
        String::from_utf8(written).unwrap(),
        r#"{"modelTopology":{"a": [1.0, 1e-7, 1E20, 1e21, 0.1e-5]},"weightsManifest":[{"paths":[],"weights":[]}]}"#
    );
}

/// Two upstream readers decode what follows padding differently, so it is refused.
#[test]
fn trap_9_padding_in_a_group_is_refused() {
    let text = r#"{"weightsManifest":[
        {"paths":["1.bin"],"weights":[{"name":"a","shape":[1],"dtype":"bool"}]},
        {"paths":["2.bin"],"weights":[{"name":"b","shape":[1],"dtype":"bool"}]}]}"#;
    let model = ModelJson::parse(text.as_bytes()).unwrap();
    model.check_lengths(&[1, 1]).unwrap();
    // As many bytes as the specs need in all, but not where they are needed.
    for (lengths, sentence) in [
        ([2, 1], "the weight file `1.bin` has 2 bytes instead of 1"),
        ([2, 0], "the weight file `1.bin` has 2 bytes instead of 1"),
        ([1, 0], "the weight file `2.bin` has 0 bytes instead of 1"),
    ] {
        let error = model.check_lengths(&lengths).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Corrupt, sentence));
    }
}
