//! What both dialects of Keras need of a TensorFlow.js layer.

use serde_json::{Value, json};

use super::classes::{self, Known};
use super::json::{Object, class, config, config_mut, text};
use crate::report::{Change, Effect, Report};

/// What Keras 2 keeps of the inputs of a `MultiHeadAttention`.
pub(super) const ATTENTION_SHAPES: [&str; 3] = ["query_shape", "key_shape", "value_shape"];

/// Says what TensorFlow.js takes for granted and Keras takes for something else.
pub(super) fn say(layer: &mut Object) {
    let class = class(layer).to_owned();
    let Some(config) = config_mut(layer) else { return };
    if matches!(class.as_str(), "GRU" | "GRUCell") && !config.contains_key("reset_after") {
        config.insert("reset_after".to_owned(), json!(false));
    }
    let is_gated = matches!(
        class.as_str(),
        "GRU" | "GRUCell" | "LSTM" | "LSTMCell" | "ConvLSTM2D" | "ConvLSTM2DCell"
    );
    if is_gated && !config.contains_key("recurrent_activation") {
        config.insert("recurrent_activation".to_owned(), json!("hard_sigmoid"));
    }
}

/// Reports what Keras would compute differently, or does not have.
pub(super) fn check(layer: &Object, at: &str, report: &mut Report) {
    let class = class(layer);
    let Some(config) = config(layer) else { return };
    if class == "Lambda" || class.contains('>') {
        report.add_at(Change::Opaque { class_name: class.to_owned() }, at);
    } else if classes::tfjs_layer(class) == Known::No {
        let problem = "its configuration is carried as it is, unchecked".to_owned();
        report.add_at(Change::CannotRun { class_name: class.to_owned(), problem }, at);
    }
    if class == "UpSampling2D" && text(config, "interpolation") == "bilinear" {
        let key = "interpolation".to_owned();
        report.add_at(Change::ValueChange { key, effect: Effect::BilinearUpsampling }, at);
    }
    for key in ["activation", "recurrent_activation"] {
        if text(config, key) == "gelu_new" {
            let (key, name) = (key.to_owned(), "gelu_new".to_owned());
            report.add_at(Change::UnknownObject { key, name }, at);
        }
    }
}

/// TensorFlow.js spells the name of LeCun in its own way.
pub(super) fn initializer(key: &str, value: &mut Value, at: &str, report: &mut Report) {
    let Value::Object(object) = value else { return };
    let from = class(object).to_owned();
    let to = match from.as_str() {
        "LeCunNormal" => "LecunNormal",
        "LeCunUniform" => "LecunUniform",
        _ => return,
    };
    object.insert("class_name".to_owned(), json!(to));
    let (key, to) = (key.to_owned(), to.to_owned());
    report.add_at(Change::Rewritten { key, from, to }, at);
}
