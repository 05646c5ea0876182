//! The example of `ndarray` predicts what TensorFlow does.
#![cfg(all(feature = "fs", feature = "ndarray", not(target_family = "wasm")))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use modelport::blocking;
use ndarray::Array2;
use serde_json::Value;

#[allow(dead_code, reason = "the program around it is not run here")]
#[path = "../examples/predict.rs"]
mod example;

fn array(expected: &Value, what: &str) -> Array2<f32> {
    let tensor = &expected[what][0];
    let shape = serde_json::from_value(tensor["shape"].clone()).unwrap();
    let data = serde_json::from_value(tensor["data"].clone()).unwrap();
    Array2::from_shape_vec::<(usize, usize)>(shape, data).unwrap()
}

/// What TensorFlow said that the model predicts.
#[test]
fn predictions_are_those_of_tensorflow() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/k2-seq-dense");
    let expected = std::fs::read_to_string(format!("{fixture}/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let model = blocking::load(format!("{fixture}/tfjs")).unwrap();
    let outputs = example::predict(&model, array(&expected, "inputs")).unwrap();
    let wanted = array(&expected, "outputs");
    assert_eq!(outputs.dim(), wanted.dim());
    for (output, wanted) in outputs.iter().zip(&wanted) {
        assert!((output - wanted).abs() <= 1e-5 + 1e-4 * wanted.abs(), "{output} {wanted}");
    }
}
