//! Topologies from strangers.

use io_core::ErrorKind;
use modelport_convert::{
    report::Report,
    topology::{Dialect, KerasSource, TfjsSource, parse, to_keras, to_tfjs},
};
use serde_json::{Value, json};

use crate::support::Model;

fn all(text: &str) {
    for version in [None, Some("3.10.0")] {
        let source =
            KerasSource { model_config: text, keras_version: version, training_config: Some(text) };
        let _ = to_tfjs(&source, &mut Report::new());
    }
    for dialect in [Dialect::Keras2, Dialect::Keras3] {
        let source = TfjsSource { topology: text, training_config: Some(text) };
        let _ = to_keras(&source, dialect, &mut Report::new());
    }
}

#[test]
fn b46_a_topology_with_any_value_replaced_is_no_panic() {
    let values =
        [json!(null), json!([]), json!({}), json!("x"), json!(-1), json!(1e300), json!([["x", 0]])];
    // Every value takes its turn at some of the places; together they meet every kind of place.
    for (name, step) in [("k3-nested-output.keras", 3), ("k3-rnn.keras", 11), ("k2-nested.h5", 5)] {
        let source = Model::read(name).0["model_config"].clone();
        let mut paths = Vec::new();
        collect(&source, String::new(), &mut paths);
        assert!(paths.len() > 200, "{}", paths.len());
        for (i, path) in paths.iter().step_by(step).enumerate() {
            let mut changed = source.clone();
            *changed.pointer_mut(path).unwrap() = values[i % values.len()].clone();
            all(&changed.to_string());
        }
    }
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{i}"), paths);
            }
        }
        Value::Object(items) => {
            for (key, item) in items {
                collect(item, format!("{path}/{key}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

#[test]
fn b46_truncated_text_is_an_error() {
    let text = Model::read("k3-seq-dense.keras").0["model_config"].to_string();
    for end in (0..text.len()).step_by(7) {
        let source =
            KerasSource { model_config: &text[..end], keras_version: None, training_config: None };
        let error = to_tfjs(&source, &mut Report::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn b46_depth_and_size_are_bounded() {
    let mut nested = json!({"class_name": "Dense", "config": {"name": "d", "units": 1}});
    for _ in 0..200 {
        nested = json!({"class_name": "TimeDistributed", "config": {"name": "t", "layer": nested}});
    }
    let config = json!({"class_name": "Sequential", "config": {"layers": [nested]}}).to_string();
    let source = KerasSource { model_config: &config, keras_version: None, training_config: None };
    let error = to_tfjs(&source, &mut Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let wide = format!("[{}0]", "0,".repeat(4_000_001));
    let error = parse(&wide, &mut Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// Work grows with the model, not with its square.
#[test]
fn b46_many_layers_are_no_problem() {
    let layers: Vec<Value> = (0..20_000)
        .map(|i| json!({"class_name": "Dense", "config": {"name": format!("λ{i}"), "units": 1}}))
        .collect();
    let config = json!({"class_name": "Sequential", "config": {"name": "m", "layers": layers}});
    let (model, report) = crate::support::convert(&config.to_string(), Some("3.10.0"), None);
    assert_eq!(model.weights.weights().count(), 40_000);
    assert_eq!(report.entries().len(), 20_000);
    let paths: Vec<String> = (0..20_000)
        .flat_map(|i| {
            let key = if i == 0 { "dense".to_owned() } else { format!("dense_{i}") };
            [0, 1].map(|var| format!("layers/{key}/vars/{var}"))
        })
        .collect();
    assert_eq!(model.weights.match_stored(&paths).unwrap().into_iter().flatten().count(), 40_000);
}

#[test]
fn b9_weights_laid_out_for_cudnn_are_refused() {
    let layer = json!({"class_name": "CuDNNLSTM", "config": {"name": "c", "units": 1}});
    let config = json!({"class_name": "Sequential", "config": {"layers": [layer]}}).to_string();
    let source =
        KerasSource { model_config: &config, keras_version: Some("2.1.0"), training_config: None };
    let error = to_tfjs(&source, &mut Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`c`"), "{error}");
}

#[test]
fn b48_numbers_are_carried_without_change() {
    let layer = json!({"class_name": "Rescaling", "config": {"name": "r",
        "scale": 0.003921568859368563, "offset": 9007199254740993_i64, "seed": u64::MAX}});
    let config = json!({"class_name": "Sequential", "config": {"layers": [layer]}}).to_string();
    let (model, _) = crate::support::convert(&config, Some("2.15.0"), None);
    let text = model.topology.to_string();
    for number in ["0.003921568859368563", "9007199254740993", "18446744073709551615"] {
        assert!(text.contains(number), "{number} is not in {text}");
    }
    let infinite = config.replace("9007199254740993", "Infinity");
    let (_, report) = crate::support::convert(&infinite, Some("2.15.0"), None);
    assert!(report.check(Default::default()).is_err());
}
