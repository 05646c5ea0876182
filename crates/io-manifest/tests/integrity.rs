//! Lengths and checksums in a manifest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::json;
use io_core::{DType, ErrorKind, ModelArtifacts, WeightSpec, Weights};
use io_manifest::{
    Checksum, FileIntegrity, KeyOrder, ModelJson, WeightFileRef, plan_shards, write_model_json,
};
use std::num::NonZeroU64;

/// A model of ten bytes in files of four.
fn sharded() -> (ModelArtifacts, Vec<u8>) {
    let bytes: Vec<u8> = (0..10).collect();
    let artifacts = ModelArtifacts {
        model_topology: Some(json("{}")),
        weight_specs: Some(vec![WeightSpec::new("x", [10], DType::Bool)]),
        weight_data: Some(Weights::from(bytes.clone())),
        ..ModelArtifacts::default()
    };
    (artifacts, bytes)
}

#[test]
fn lengths_and_checksums_are_written_and_read() {
    let (artifacts, bytes) = sharded();
    let shards = plan_shards(10, NonZeroU64::new(4), "weights.bin").unwrap();
    let files: Vec<WeightFileRef<'_>> = shards
        .iter()
        .map(|shard| {
            let [start, end] =
                [shard.range.start, shard.range.end].map(|at| usize::try_from(at).unwrap());
            let mut checksum = Checksum::new();
            checksum.update(&bytes[start..end]);
            WeightFileRef { path: &shard.name, integrity: Some(checksum.integrity()) }
        })
        .collect();
    let text = write_model_json(&artifacts, &files, KeyOrder::Node).unwrap();
    let model = ModelJson::parse(&text).unwrap();
    let read = model.files();
    assert_eq!(read.len(), 3);
    for (file, expected) in read.iter().zip(&files) {
        assert_eq!((file.path.as_str(), file.integrity), (expected.path, expected.integrity));
        assert_eq!(file.group, 0);
    }
    model.check_lengths(&[4, 4, 2]).unwrap();
    // The sum is right, the files are not.
    let error = model.check_lengths(&[4, 2, 4]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the weight file `group1-shard2of3.bin` has 2 bytes instead of 4"
    );
    assert_eq!(model.check_lengths(&[10]).unwrap_err().kind(), ErrorKind::InvalidInput);
    // The checksum of the whole, from those of the files.
    let whole =
        read.iter().filter_map(|file| file.integrity).reduce(|first, second| FileIntegrity {
            bytes: first.bytes + second.bytes,
            crc64nvme: Checksum::combine(first.crc64nvme, second.crc64nvme, second.bytes),
        });
    let mut checksum = Checksum::new();
    checksum.update(&bytes);
    assert_eq!(whole, Some(checksum.integrity()));
}

#[test]
fn the_form_in_the_file() {
    let (artifacts, _) = sharded();
    let integrity = FileIntegrity { bytes: 10, crc64nvme: 0xAB };
    let mut files = [WeightFileRef { path: "w.bin", integrity: Some(integrity) }];
    let text = write_model_json(&artifacts, &files, KeyOrder::Core).unwrap();
    let expected = r#"{"modelTopology":{},"weightsManifest":[{"paths":["w.bin"],"weights":[{"name":"x","shape":[10],"dtype":"bool"}],"integrity":[{"bytes":10,"crc64nvme":"00000000000000ab"}]}]}"#;
    assert_eq!(String::from_utf8(text).unwrap(), expected);
    files[0].integrity = None;
    let text = write_model_json(&artifacts, &files, KeyOrder::Core).unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("integrity"));
}

#[test]
fn malformed_entries_are_refused() {
    let malformed = "`integrity` of group 1 of the weights manifest is malformed";
    let digits = "`integrity` of group 1 of the weights manifest has a checksum that is not 16 hexadecimal digits";
    for (integrity, sentence) in [
        ("null", malformed),
        ("{}", malformed),
        (r#"[{"bytes":10}]"#, malformed),
        (r#"[{"bytes":-1,"crc64nvme":"00000000000000ab"}]"#, malformed),
        (r#"[{"bytes":10,"crc64nvme":171}]"#, malformed),
        (r#"[{"bytes":10,"crc64nvme":"ab"}]"#, digits),
        (r#"[{"bytes":10,"crc64nvme":"+0000000000000ab"}]"#, digits),
        (r#"[{"bytes":10,"crc64nvme":"00000000000000zz"}]"#, digits),
        (r#"[{"bytes":10,"crc64nvme":"00000000000000000ab"}]"#, digits),
        ("[]", "`integrity` of group 1 of the weights manifest has 0 entries instead of 1"),
    ] {
        let text = format!(
            r#"{{"weightsManifest":[{{"paths":["w"],"weights":[],"integrity":{integrity}}}]}}"#
        );
        let error = ModelJson::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Corrupt, sentence));
    }
    // Upper case is as good.
    let text = r#"{"weightsManifest":[{"paths":["w"],"weights":[],"integrity":[{"bytes":0,"crc64nvme":"AB00000000000000","more":1}]}]}"#;
    let files = ModelJson::parse(text.as_bytes()).unwrap().files();
    assert_eq!(files[0].integrity.unwrap().crc64nvme, 0xAB00_0000_0000_0000);
}
