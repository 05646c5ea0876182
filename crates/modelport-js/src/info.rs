//! `tf.io.ModelArtifactsInfo` and what a list has of each model.

use std::time::SystemTime;

use js_sys::{Date, Object};
use modelport::{ModelArtifactsInfo, SaveResult};
use wasm_bindgen::JsValue;

use crate::object::set;

/// The object of TensorFlow.js for sizes and date; the date is always a `Date`.
pub(crate) fn info_to_js(info: &ModelArtifactsInfo) -> Object {
    let object = Object::new();
    set(&object, "dateSaved", date_to_js(info.date_saved));
    set(&object, "modelTopologyType", info.model_topology_type.as_str());
    set(&object, "modelTopologyBytes", number(info.model_topology_bytes));
    set(&object, "weightSpecsBytes", number(info.weight_specs_bytes));
    set(&object, "weightDataBytes", number(info.weight_data_bytes));
    object
}

/// The object of TensorFlow.js for what a save did, with the URL that loads it.
pub(crate) fn saved_to_js(saved: &SaveResult) -> Object {
    let object = Object::new();
    set(&object, "modelArtifactsInfo", info_to_js(&saved.model_artifacts_info));
    set(&object, "url", saved.url.as_str());
    object
}

/// A number of bytes, exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
pub(crate) fn number(bytes: u64) -> f64 {
    bytes as f64
}

fn date_to_js(date: SystemTime) -> Date {
    let since = date.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Date::new(&JsValue::from_f64(number(milliseconds)))
}
