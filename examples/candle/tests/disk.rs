//! What is saved to the disk predicts what candle does.
#![cfg(not(target_family = "wasm"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use candle_core::{Device, Tensor};
use candle_nn::Module;
use modelport::{blocking, manifest};
use modelport_candle_example::{artifacts, train};

#[test]
fn what_is_saved_predicts_what_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("model");
    let (variables, layer) = train().unwrap();
    blocking::save(url.as_path(), artifacts(&variables).unwrap()).unwrap();

    let model = blocking::load(url.as_path()).unwrap();
    let specs = model.weight_specs.unwrap();
    assert_eq!((&specs[0].shape[..], &specs[1].shape[..]), (&[2, 1][..], &[1][..]));
    let bytes = blocking::block_on(model.weight_data.unwrap().to_bytes()).unwrap();
    assert_eq!(bytes.len(), 12);
    let parts = [bytes];
    let weights: Vec<Vec<f32>> =
        manifest::tensors(&specs, &parts).map(|tensor| tensor.unwrap().to_f32().unwrap()).collect();

    for [a, b] in [[0.25_f32, 4.0], [-3.0, 0.5]] {
        let saved = a * weights[0][0] + b * weights[0][1] + weights[1][0];
        let input = Tensor::new(&[[a, b]], &Device::Cpu).unwrap();
        let trained = layer.forward(&input).unwrap().flatten_all().unwrap();
        let trained = trained.to_vec1::<f32>().unwrap()[0];
        assert!((saved - trained).abs() < 1e-5, "{saved} {trained}");
        // It did learn something.
        assert!((saved - (2.0 * a - 3.0 * b + 1.0)).abs() < 0.05, "{saved}");
    }
}
