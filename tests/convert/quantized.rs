//! Quantised weights and shards, beside those of the reference converter.

use std::{fs, path::Path};

use modelport_tests::{
    fixtures,
    keras_files::{convert, digests, some, sums},
};
use serde_json::Value;

/// The specs of a model folder, and all its bytes.
fn stored(dir: &Path) -> (Vec<Value>, Vec<u8>) {
    let text = fs::read(dir.join("model.json")).unwrap();
    let model: Value = serde_json::from_slice(&text).unwrap();
    let (mut specs, mut bytes) = (Vec::new(), Vec::new());
    for group in model["weightsManifest"].as_array().unwrap() {
        specs.extend(group["weights"].as_array().unwrap().clone());
        for path in group["paths"].as_array().unwrap() {
            bytes.extend(fs::read(dir.join(path.as_str().unwrap())).unwrap());
        }
    }
    (specs, bytes)
}

/// Name, quantisation and bytes of each weight, by name.
fn by_name(dir: &Path) -> Vec<(String, Value, Vec<u8>)> {
    let (specs, bytes) = stored(dir);
    let mut rest = bytes.as_slice();
    let mut weights = Vec::new();
    for spec in specs {
        let shape = spec["shape"].as_array().unwrap();
        let count: u64 = shape.iter().map(|size| size.as_u64().unwrap()).product();
        let size = match spec["quantization"]["dtype"].as_str() {
            Some("uint8") => 1,
            Some(_) => 2,
            None => 4,
        };
        let (own, others) = rest.split_at(usize::try_from(count).unwrap() * size);
        rest = others;
        let name = spec["name"].as_str().unwrap().to_owned();
        weights.push((name, spec["quantization"].clone(), own.to_vec()));
    }
    assert!(rest.is_empty());
    weights.sort_by(|one, two| one.0.cmp(&two.0));
    weights
}

#[test]
fn behaviour_37_quantised_as_the_reference_converter_does() {
    let root = tempfile::tempdir().unwrap();
    let file = &some(&["k2-quant/model.h5"])[0];
    for (twin, options) in [
        ("tfjs-uint8", &["--quantize", "uint8"][..]),
        ("tfjs-uint16", &["--quantize", "uint16"]),
        ("tfjs-float16", &["--quantize", "float16"]),
        (
            "tfjs-mixed",
            &["--quantize", "uint8:conv/*", "--quantize", "float16:fc/kernel,bn/moving_*"],
        ),
    ] {
        let dir = root.path().join(twin);
        convert(options, &file.path, &dir).success();
        let theirs = by_name(&fixtures::one(&format!("k2-quant/{twin}")).dir);
        assert_eq!(by_name(&dir), theirs, "{twin}");
    }
}

#[test]
fn behaviour_36_dequantised_to_the_bit() {
    let root = tempfile::tempdir().unwrap();
    for twin in ["tfjs-uint8", "tfjs-uint16", "tfjs-float16", "tfjs-mixed"] {
        let fixture = fixtures::one(&format!("k2-quant/{twin}"));
        let dir = root.path().join(twin);
        convert(&["--dequantize"], &fixture.dir, &dir).success();
        let (specs, _) = stored(&dir);
        assert!(specs.iter().all(|spec| spec["quantization"].is_null()), "{twin}");
        assert_eq!(fixtures::digests(&Value::from(digests(&dir))), fixture.weights(), "{twin}");
        // Keras' files have nothing else.
        let file = root.path().join(format!("{twin}.h5"));
        let back = root.path().join(format!("{twin}-back"));
        convert(&[], &fixture.dir, &file).success();
        convert(&[], &file, &back).success();
        assert_eq!(sums(&digests(&back)), sums(fixture.weights().as_array().unwrap()), "{twin}");
    }
}

#[test]
fn behaviour_39_shards_are_those_of_the_reference_converter() {
    let root = tempfile::tempdir().unwrap();
    let file = &some(&["k2-sharded/model.h5"])[0];
    for size in ["100", "30"] {
        let dir = root.path().join(size);
        convert(&["--shard-bytes", size], &file.path, &dir).success();
        let twin = fixtures::one(&format!("k2-sharded/tfjs-{size}"));
        let names = |dir: &Path| -> Vec<String> {
            let text = fs::read(dir.join("model.json")).unwrap();
            let model: Value = serde_json::from_slice(&text).unwrap();
            let paths = model["weightsManifest"][0]["paths"].as_array().unwrap().clone();
            paths.iter().map(|path| path.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&dir), names(&twin.dir));
        assert_eq!(stored(&dir), stored(&twin.dir), "{size}");
    }
}

#[test]
fn wrong_rules_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let file = &some(&["k2-quant/model.h5"])[0];
    // What clap refuses is wrong usage.
    for options in [["--quantize", "uint4", "--json"], ["--to", "onnx", "--json"]] {
        let refused = convert(&options, &file.path, &root.path().join("m"));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
        let error: serde_json::Value = serde_json::from_str(&refused.stderr).unwrap();
        assert_eq!(error["kind"], "InvalidInput", "{options:?}");
    }
    for (options, to) in [
        (&["--quantize", "uint8", "--quantize", "uint16", "--json"][..], "m"),
        (&["--quantize", "uint8:fc/*", "--quantize", "uint16:fc/*", "--json"], "m"),
        (&["--quantize", "uint8", "--json"], "m.h5"),
    ] {
        let refused = convert(options, &file.path, &root.path().join(to)).error();
        assert_eq!(refused["kind"], "InvalidInput", "{options:?}");
    }
    assert!(fs::read_dir(root.path()).unwrap().next().is_none());
}
