//! Model files that are refused, each with its sentence.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::{chain, json};
use io_core::{Error, ErrorKind};
use io_manifest::{KeyOrder, ModelJson, write_model_json};

fn refused(text: impl AsRef<[u8]>) -> Error {
    let error = ModelJson::parse(text.as_ref()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let chain = chain(&error);
    if let [ours, cause, ..] = chain.as_slice() {
        assert!(!ours.contains(cause.as_str()), "said twice: {chain:?}");
    }
    error
}

#[test]
fn files_that_are_not_models() {
    for (text, sentence) in [
        (b"".as_slice(), "the model file is empty"),
        (b"\xEF\xBB\xBF", "the model file is empty"),
        (b"{", "the model file is not JSON"),
        (b"{} {}", "the model file is not JSON"),
        (b"\x80\x81", "the model file is not UTF-8 text"),
        (b"\x1f\x8b\x08\0\xff", "the model file is not JSON but gzip data"),
        (b"<!DOCTYPE html><html>", "the model file is not JSON but an HTML page"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "the model file is not JSON but a Git LFS pointer",
        ),
        (b"[]", "the model file is not a JSON object"),
        (b"\"x\"", "the model file is not a JSON object"),
        (b"null", "the model file is not a JSON object"),
        (b"{}", "the file is not a model: it has neither `modelTopology` nor `weightsManifest`"),
        (
            b"{\"modelTopology\":null}",
            "the file is not a model: it has neither `modelTopology` nor `weightsManifest`",
        ),
        (
            b"{\"weightsManifest\":[{\"paths\":[]}]}",
            "the file is not a model: it has neither `modelTopology` nor `weightsManifest`",
        ),
        (b"{\"modelTopology\":[]}", "the key `modelTopology` of the model file is not an object"),
        (
            b"{\"modelTopology\":{},\"format\":1}",
            "the key `format` of the model file is not a string",
        ),
        (
            b"{\"modelTopology\":{},\"signature\":\"s\"}",
            "the key `signature` of the model file is not an object",
        ),
        (
            b"{\"modelTopology\":{},\"trainingConfig\":[]}",
            "the key `trainingConfig` of the model file is not an object",
        ),
    ] {
        assert_eq!(refused(text).to_string(), sentence);
    }
    let deep = format!("{{\"modelTopology\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    let sentence = "the key `modelTopology` of the model file cannot be read";
    assert_eq!(refused(deep).to_string(), sentence);
}

#[test]
fn tokens_of_python_are_explained() {
    for token in ["NaN", "Infinity", "-Infinity"] {
        let text = format!(r#"{{"modelTopology":{{"a\"NaN":"b\\"}},"weightsManifest":[{token}]}}"#);
        assert!(refused(text).hint().unwrap().contains("Python"));
    }
    assert_eq!(refused(r#"{"modelTopology":{"NaN":"Infinity\""},"x":}"#).hint(), None);
}

#[test]
fn manifests_that_are_malformed() {
    let w = r#""weights":[]"#;
    for (manifest, sentence) in [
        ("{}".to_owned(), "the key `weightsManifest` of the model file is not an array"),
        ("[1]".to_owned(), "group 1 of the weights manifest is not an object"),
        ("[{},[]]".to_owned(), "group 2 of the weights manifest is not an object"),
        (format!("[{{{w}}}]"), "group 1 of the weights manifest has no `paths`"),
        (
            format!("[{{{w},\"paths\":\"w.bin\"}}]"),
            "`paths` of group 1 of the weights manifest is not an array of strings",
        ),
        (
            format!("[{{{w},\"paths\":[1]}}]"),
            "`paths` of group 1 of the weights manifest is not an array of strings",
        ),
        (
            r#"[{"paths":[],"weights":{}}]"#.to_owned(),
            "`weights` of group 1 of the weights manifest is not an array",
        ),
        (
            format!("[{{{w},\"paths\":[\"../w.bin\"]}}]"),
            "the weight path `../w.bin` of the model file leaves the directory of the model",
        ),
    ] {
        let text = format!(r#"{{"weightsManifest":{manifest}}}"#);
        assert_eq!(refused(text).to_string(), sentence);
    }
}

#[test]
fn weights_that_are_malformed() {
    let huge = "[4294967296,4294967296]";
    for (weights, sentence, cause) in [
        ("7", "weight 1 of group 1 of the weights manifest has no name", "expected a weight"),
        (
            r#"{"shape":[],"dtype":"bool"}"#,
            "weight 1 of group 1 of the weights manifest has no name",
            "missing field `name`",
        ),
        (
            r#"{"name":"x","dtype":"bool"}"#,
            "the entry of weight `x` cannot be used",
            "missing field `shape`",
        ),
        (
            r#"{"name":"x","shape":[1]}"#,
            "the entry of weight `x` cannot be used",
            "missing field `dtype`",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"int16"}"#,
            "the entry of weight `x` cannot be used",
            "unknown dtype `int16`",
        ),
        (
            r#"{"name":"x","shape":[-1],"dtype":"bool"}"#,
            "the entry of weight `x` cannot be used",
            "`-1` is not a dimension",
        ),
        (
            r#"{"name":"x","shape":[1.5],"dtype":"bool"}"#,
            "the entry of weight `x` cannot be used",
            "`1.5` is not a dimension",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"float32","quantization":{"min":0,"scale":1}}"#,
            "the entry of weight `x` cannot be used",
            "missing field `dtype`",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"float32","quantization":{"dtype":"int8"}}"#,
            "the entry of weight `x` cannot be used",
            "unknown quantization dtype `int8`",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"float32","quantization":{"dtype":"uint8","min":null,"scale":1}}"#,
            "the entry of weight `x` cannot be used",
            "a number",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"float32","quantization":{"dtype":"uint8","scale":1}}"#,
            "the uint8 quantisation of weight `x` has no finite `min` and `scale`",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"int32","quantization":{"dtype":"uint16","min":0}}"#,
            "the uint16 quantisation of weight `x` has no finite `min` and `scale`",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"float32","quantization":{"dtype":"uint8","min":0,"scale":1e999}}"#,
            "the uint8 quantisation of weight `x` has no finite `min` and `scale`",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"int32","quantization":{"dtype":"float16"}}"#,
            "weight `x` is int32, which cannot be quantised as float16",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"bool","quantization":{"dtype":"uint8","min":0,"scale":1}}"#,
            "weight `x` is bool, which cannot be quantised as uint8",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"string","quantization":{"dtype":"float16"}}"#,
            "weight `x` is string, which cannot be quantised as float16",
            "",
        ),
        (
            r#"{"name":"x","shape":[1],"dtype":"complex64","quantization":{"dtype":"uint8","min":0,"scale":1}}"#,
            "weight `x` is complex64, which cannot be quantised as uint8",
            "",
        ),
        (
            r#"{"name":"x","shape":[],"dtype":"bool"},{"name":"x","shape":[],"dtype":"bool"}"#,
            "there are two weights called `x`",
            "",
        ),
        (
            &format!(r#"{{"name":"x","shape":{huge},"dtype":"bool"}}"#),
            "the shape of weight `x` is too large",
            "",
        ),
        (
            r#"{"name":"x","shape":[4611686018427387904],"dtype":"float32"}"#,
            "weight `x` is too large",
            "",
        ),
        (
            r#"{"name":"a","shape":[9223372036854775807],"dtype":"bool"},{"name":"b","shape":[9223372036854775807],"dtype":"bool"},{"name":"x","shape":[2],"dtype":"bool"}"#,
            "weight `x` is too large",
            "",
        ),
        (
            r#"{"name":"x","shape":[4611686018427387904],"dtype":"string"}"#,
            "weight `x` is too large",
            "",
        ),
    ] {
        let text = format!(r#"{{"weightsManifest":[{{"paths":["w"],"weights":[{weights}]}}]}}"#);
        let error = refused(text);
        assert_eq!(error.to_string(), sentence);
        let causes = chain(&error)[1..].join(": ");
        assert!(causes.contains(cause) && causes.is_empty() == cause.is_empty(), "{causes}");
    }
    // A name is unique in its model, not only in its group.
    let group = r#"{"paths":["w"],"weights":[{"name":"x","shape":[],"dtype":"bool"}]}"#;
    let error = refused(format!(r#"{{"weightsManifest":[{group},{group}]}}"#));
    assert_eq!(error.to_string(), "there are two weights called `x`");
}

#[test]
fn what_looks_odd_is_accepted() {
    for text in [
        "\u{feff}{\"modelTopology\":{}}",
        r#"{"modelTopology":{},"userDefinedMetadata":"text","signature":null}"#,
        r#"{"weightsManifest":[{"paths":["w"],"weights":[{"name":"x","shape":[2.0,1e0],"dtype":"uint16","quantization":null}]}]}"#,
        r#"{"weightsManifest":[{"paths":["w"],"x":1,"weights":[{"name":"","shape":[0,18446744073709551615],"dtype":"uint8"}]}]}"#,
    ] {
        ModelJson::parse(text.as_bytes()).unwrap();
    }
}

#[test]
fn unknown_keys_survive_and_the_last_of_equal_keys_counts() {
    let text = r#"{"zeta":1,"format":"a","modelTopology":{},"alpha":[ 2 ],"format":"b","zeta":{}}"#;
    let artifacts = ModelJson::parse(text.as_bytes()).unwrap().artifacts;
    assert_eq!(artifacts.format, Some("b".into()));
    let expected = [("zeta".to_owned(), json("{}")), ("alpha".to_owned(), json("[ 2 ]"))];
    assert_eq!(artifacts.extra, expected);
    let written = write_model_json(&artifacts, &[], KeyOrder::Core).unwrap();
    assert_eq!(written, br#"{"modelTopology":{},"format":"b","zeta":{},"alpha":[ 2 ]}"#);
}
