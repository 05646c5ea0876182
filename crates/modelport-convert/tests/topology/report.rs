//! The report as programs and people read it.

use modelport_convert::report::Report;
use serde_json::json;

use crate::support::{Model, convert_layer};

#[test]
fn the_machine_form_is_stable() {
    let layer = json!({"class_name": "ReLU", "config": {"name": "r", "negative_slope": 0.5}});
    let (_, report) = convert_layer("3.10.0", layer);
    let want = json!([{"level": "value-change", "change": "value-change",
        "key": "negative_slope", "effect": "relu-parameters", "at": ["r"]}]);
    assert_eq!(serde_json::to_value(&report).unwrap(), want);

    let (_, report) = Model::read("k3-attention.keras").to_tfjs();
    let entries = serde_json::to_value(&report).unwrap();
    let entries = entries.as_array().unwrap();
    let unknown = json!({"level": "unsupported", "change": "unknown-class",
        "class_name": "MultiHeadAttention", "at": ["mha"]});
    assert!(entries.contains(&unknown), "{entries:?}");
    assert!(entries.iter().all(|entry| entry["at"].is_array()));
}

#[test]
fn one_change_in_many_layers_is_one_entry_and_one_sentence() {
    let (_, report) = Model::read("k3-nested-shared.keras").to_tfjs();
    let text = report.to_string();
    assert_eq!(text.lines().count(), report.entries().len());
    assert!(text.contains("in `left`, `right`, `ti`, `hi`"), "{text}");
    assert!(Report::new().to_string().is_empty());
}
