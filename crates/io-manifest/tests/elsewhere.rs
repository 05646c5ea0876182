//! Weights that are not where a model file has them, and manifests without a model file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::{chain, json};
use io_core::{ErrorKind, ModelArtifacts};
use io_manifest::{KeyOrder, ModelJson, describe_missing_weights, write_model_json};

const SPEC: &str = r#"{"name":"w","shape":[1],"dtype":"float32"}"#;

fn layers(class: &str) -> String {
    let layer = format!(r#"{{"class_name":"{class}","config":{{"name":"d1"}}}}"#);
    format!(r#"{{"class_name":"Sequential","config":{{"layers":[{layer},{layer}]}}}}"#)
}

#[test]
fn weights_in_keys_that_are_not_read_are_refused() {
    for (keys, sentence) in [
        (format!(r#""weightSpecs":[{SPEC}]"#), "names 1 weight in `weightSpecs`"),
        (format!(r#""weightSpecs":[{SPEC},{SPEC}]"#), "names 2 weights in `weightSpecs`"),
        (
            format!(r#""weightSpecs":[{SPEC}],"weightData":"AAAAAA==","weightsManifest":null"#),
            "names 1 weight",
        ),
        (format!(r#""weightSpecs":[{SPEC}],"weightsManifest":[]"#), "names 1 weight"),
        (r#""weightData":"AAAAAA==""#.to_owned(), "has weights in `weightData`"),
        (r#""weightData":{"0":1,"1":2}"#.to_owned(), "has weights in `weightData`"),
    ] {
        let text = format!(r#"{{"modelTopology":{{"node":[]}},{keys}}}"#);
        let error = ModelJson::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains(sentence), "{error}");
        assert!(error.to_string().contains("no `weightsManifest`"), "{error}");
        assert!(error.hint().is_some());
    }
    for keys in [r#""weightSpecs":[]"#, r#""weightSpecs":[],"weightData":null"#] {
        let text = format!(r#"{{"modelTopology":{{}},{keys}}}"#);
        ModelJson::parse(text.as_bytes()).unwrap();
    }
    // What could not be read back is not written.
    let model = ModelArtifacts {
        model_topology: Some(json("{}")),
        extra: vec![("weightSpecs".to_owned(), json(&format!("[{SPEC}]")))],
        ..ModelArtifacts::default()
    };
    let error = write_model_json(&model, &[], KeyOrder::Core).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_topology_that_needs_weights_is_told_from_others() {
    let missing = |topology: &str, manifest: &str| {
        let text = format!(r#"{{"modelTopology":{topology}{manifest}}}"#);
        describe_missing_weights(&ModelJson::parse(text.as_bytes()).unwrap().artifacts)
    };
    let nested = format!(
        r#"{{"model_config":{{"class_name":"Model","config":{{"layers":[{}]}}}}}}"#,
        layers("LSTM")
    );
    let graph = r#"{"node":[{"name":"a","op":"Const"},{"name":"b","op":"Relu"}]}"#;
    for manifest in ["", r#","weightsManifest":[]"#, r#","weightsManifest":[{"paths":["w"]}]"#] {
        let named = missing(&layers("Dense"), manifest).unwrap();
        assert_eq!(named, "its layer `d1` and 1 more need some");
        assert!(missing(&nested, manifest).is_some());
        assert_eq!(missing(graph, manifest).unwrap(), "its graph has a constant");
        for topology in [&layers("Flatten"), "{}", r#"{"node":[{"op":"Relu"}]}"#] {
            assert_eq!(missing(topology, manifest), None);
        }
    }
    let whole = format!(r#","weightsManifest":[{{"paths":["w"],"weights":[{SPEC}]}}]"#);
    assert_eq!(missing(&layers("Dense"), &whole), None);
}

#[test]
fn a_bare_manifest_is_a_model_without_topology() {
    let group = |name: &str| {
        format!(
            r#"{{"paths":["{name}-shard1"],"weights":[{}]}}"#,
            SPEC.replace("\"w\"", &format!("\"{name}\""))
        )
    };
    let text = format!("\u{feff} [{},{}]", group("a"), group("b"));
    let model = ModelJson::parse(text.as_bytes()).unwrap();
    let paths: Vec<_> = model.files().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["a-shard1", "b-shard1"]);
    assert_eq!(model.artifacts.weight_specs.as_ref().unwrap().len(), 2);
    assert!(model.artifacts.model_topology.is_none());
    model.check_lengths(&[4, 4]).unwrap();

    for other in [
        "[]",
        "[1]",
        r#"["a","b"]"#,
        r#"[{"name":"x"}]"#,
        r#"[{"paths":["w"]}]"#,
        r#"[[{"paths":[],"weights":[]}]]"#,
    ] {
        let error = ModelJson::parse(other.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the model file is not a JSON object", "{other}");
    }
    for (damaged, sentence) in [
        (format!("[{}", group("a")), "the model file is not JSON"),
        (format!("[{}]", group("../a")), "leaves the directory"),
        (format!("[{},{}]", group("a"), group("a")), "two weights called `a`"),
    ] {
        let error = ModelJson::parse(damaged.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(sentence), "{error}");
    }
}

#[test]
fn a_position_is_one_in_the_whole_file_or_none() {
    for (text, positioned) in [
        ("{\"modelTopology\": {},\n}", true),
        ("[{\"paths\": [],\n \"weights\": }]", true),
        ("hello", false),
        ("\"x\"", false),
        ("[1]", false),
        ("{\"weightsManifest\": {}}", false),
        (
            "{\"weightsManifest\": [{\"paths\":[],\"weights\":[{\"name\":\"x\",\"shape\":[1],\"dtype\":\"int64\"}]}]}",
            false,
        ),
        ("{\"weightsManifest\": [{\"paths\":[1],\"weights\":[]}]}", false),
    ] {
        let error = ModelJson::parse(text.as_bytes()).unwrap_err();
        let chain = chain(&error).join(": ");
        assert_eq!(chain.contains("line"), positioned, "{chain}");
        assert!(!chain.contains("column 0") && !chain.contains("index 0"), "{chain}");
    }
}

#[test]
fn utf_16_is_named() {
    let units = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    let text = "{\"modelTopology\":{}}";
    for bytes in [
        units(&format!("\u{feff}{text}"), u16::to_le_bytes),
        units(&format!("\u{feff}{text}"), u16::to_be_bytes),
        units(text, u16::to_le_bytes),
        units(text, u16::to_be_bytes),
    ] {
        let error = ModelJson::parse(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "the model file is not JSON but UTF-16 text");
        assert_eq!(error.hint(), Some("save it as UTF-8"));
    }
}
