//! What the program prints for machines.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::{Place, fixture};
use serde_json::{Value, json};

#[test]
fn info_has_exactly_these_keys() {
    let place = Place::with_model("m");
    let ran = place.run("info --json --digest m");
    let head = r#"{"url":"file://m","format":"layers-model","generatedBy":"keras v2.19.0","convertedBy":"TensorFlow.js Converter v4.22.0","modelTopologyType":"JSON","modelTopologyBytes":2490,"weightSpecsBytes":847,"weightDataBytes":520,"weights":[{"name":"bn/gamma","shape":[4],"dtype":"float32","bytes":16,"sha256":""#;
    assert!(ran.stdout.starts_with(head), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1);
    let weights = ran.json()["weights"].as_array().unwrap().clone();
    let kernel = &weights[4];
    assert_eq!(kernel["quantization"]["dtype"], "uint8");
    assert_eq!(kernel["bytes"], 72);
    assert_eq!(kernel["sha256"].as_str().unwrap().len(), 64);

    let without = place.run("info --json m").json();
    assert!(
        without["weights"].as_array().unwrap().iter().all(|weight| weight.get("sha256").is_none())
    );
}

#[test]
fn info_digests_are_those_of_the_decoded_bytes() {
    let place = Place::new();
    for (name, folder) in
        [("k2-quant", "tfjs-mixed"), ("g-dtypes", "tfjs"), ("k2-sharded", "tfjs-30")]
    {
        let expected = std::fs::read_to_string(fixture(name).join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let expected = expected["artifacts"][folder]["weights"].as_array().unwrap();
        let model = fixture(name).join(folder);
        let info = place.run_args(&["info", "--json", "--digest", model.to_str().unwrap()]).json();
        let weights = info["weights"].as_array().unwrap();
        assert_eq!(weights.len(), expected.len());
        for (weight, expected) in weights.iter().zip(expected) {
            assert_eq!(weight["name"], expected["name"]);
            assert_eq!(weight["sha256"], expected["sha256"], "{}", weight["name"]);
        }
    }
}

#[test]
fn absent_parts_are_null() {
    let place = Place::new();
    place.write("bare/model.json", r#"{"modelTopology": {"a": 1.0}, "convertedBy": null}"#);
    let info = place.run("info --json bare");
    assert_eq!(
        info.json(),
        json!({
            "url": "file://bare", "format": null, "generatedBy": null, "convertedBy": null,
            "modelTopologyType": "JSON", "modelTopologyBytes": 7, "weightSpecsBytes": 0,
            "weightDataBytes": 0, "weights": [],
        })
    );
}

#[test]
fn copies_and_listings_have_exactly_these_keys() {
    let place = Place::with_model("models/a");
    let copied = place.run("cp --json --shard-bytes 100 models/a models/b").json();
    let date = copied["dateSaved"].as_str().unwrap();
    assert!(date.len() == 24 && date.ends_with('Z'), "{date}");
    let mut expected = json!({
        "url": "file://models/b", "dateSaved": date, "modelTopologyType": "JSON",
        "modelTopologyBytes": 2490, "weightSpecsBytes": 847, "weightDataBytes": 520,
    });
    assert_eq!(copied, expected);
    assert!(std::fs::read_dir(place.path("models/b")).unwrap().count() > 5);

    let listed = place.run("ls --json models");
    let lines: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{listed:?}");
    let mut b = lines.iter().find(|line| line["url"] == "file://models/b").unwrap().clone();
    expected.as_object_mut().unwrap().remove("modelTopologyType");
    // The date of a file and that of the save that wrote it may differ a little.
    b["dateSaved"] = date.into();
    assert_eq!(b, expected);

    let removed = place.run("rm --json models/b").json();
    assert_eq!(removed.as_object().unwrap().len(), expected.as_object().unwrap().len());
    assert_eq!(place.run("verify --json models/a").json()["weights"], 8);
}

#[test]
fn json_errors_are_one_object() {
    let place = Place::new();
    let ran = place.run("--json mv nothing there");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    let mut keys: Vec<&String> = error.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["causes", "error", "hint", "kind"]);
    assert_eq!(error["kind"], "NotFound");
}

#[test]
fn schemes_are_told_to_machines() {
    let ran = Place::new().run("schemes --json");
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fs = lines.iter().find(|line| line["name"] == "fs").unwrap();
    assert_eq!(
        (&fs["schemes"], &fs["crate"], &fs["feature"]),
        (&json!(["file"]), &json!("io-fs"), &json!("fs"))
    );
    assert!(fs["capabilities"].as_array().unwrap().contains(&json!("load")));
    assert!(lines.iter().all(|line| line.as_object().unwrap().len() == 5));
}
