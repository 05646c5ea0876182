//! Trained in a page, saved to its local storage, and loaded from there by real TensorFlow.js.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use candle_core::{Device, Tensor};
use candle_nn::Module;
use modelport_candle_example::{artifacts, train};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// TensorFlow.js for pages, where `cargo xtask setup` puts it.
const TFJS: &str =
    include_str!("../../../target/tools/node/node_modules/@tensorflow/tfjs/dist/tf.min.js");

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn start(source: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn predict(url: &str, a: f32, b: f32) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen_test]
async fn what_local_storage_has_predicts_in_tensorflow_js_what_was_trained() {
    let url = "localstorage://trained-with-candle";
    let (variables, layer) = train().unwrap();
    modelport::save(url, artifacts(&variables).unwrap()).await.unwrap();

    start(TFJS).await.unwrap();
    for [a, b] in [[0.25_f32, 4.0], [-3.0, 0.5]] {
        let input = Tensor::new(&[[a, b]], &Device::Cpu).unwrap();
        let trained = layer.forward(&input).unwrap().flatten_all().unwrap();
        let trained = f64::from(trained.to_vec1::<f32>().unwrap()[0]);
        let predicted = predict(url, a, b).await.unwrap().as_f64().unwrap();
        assert!((predicted - trained).abs() < 1e-5, "{predicted} {trained}");
    }
    modelport::store("localstorage://").unwrap().remove(&url.parse().unwrap()).await.unwrap();
}
