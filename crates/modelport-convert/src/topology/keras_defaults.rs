//! What both dialects of Keras need of a TensorFlow.js layer.

use serde_json::{Value, json};

use super::classes;
use super::json::{Object, class, config, config_mut, text};
use super::keys::{self, Kind, Known, Target};
use crate::report::{Change, Effect, Report};

/// What Keras 2 keeps of the inputs of a `MultiHeadAttention`.
pub(super) const ATTENTION_SHAPES: [&str; 3] = ["query_shape", "key_shape", "value_shape"];

/// Says what TensorFlow.js takes for granted and Keras takes for something else.
pub(super) fn say(layer: &mut Object, at: &str, report: &mut Report) {
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
    if class == "Reshape"
        && let Some(Value::Array(shape)) = config.get_mut("target_shape")
    {
        for size in shape.iter_mut().filter(|size| size.is_null()) {
            *size = json!(-1);
            let (key, from, to) = ("target_shape".to_owned(), "null".to_owned(), "-1".to_owned());
            report.add_at(Change::Rewritten { key, from, to }, at);
        }
    }
}

/// Reports a class that the target does not have, or that is the user's own.
pub(super) fn check_class(target: Target, class: &str, at: &str, report: &mut Report) {
    let class_name = class.to_owned();
    let known =
        match keys::known(Kind::Layer, class, target.dialect) {
            Known::Nowhere if classes::tfjs_layer(class) != classes::Known::No => Known::Elsewhere,
            Known::Nowhere if classes::is_operation_of_keras2(class) => {
                if target.dialect.is_keras3() { Known::Elsewhere } else { Known::Here }
            }
            known => known,
        };
    let change = match known {
        _ if class == "Lambda" => Change::Custom { class_name },
        Known::Here => return,
        Known::HereAt(version) => Change::Requires { key: class_name, version: version.to_owned() },
        Known::Elsewhere => Change::UnknownClass { class_name },
        Known::Nowhere => Change::Custom { class_name },
    };
    report.add_at(change, at);
}

/// Reports what Keras would compute differently.
pub(super) fn check(target: Target, layer: &Object, at: &str, report: &mut Report) {
    let Some(config) = config(layer) else { return };
    let is_of_other_keras = target.writer.is_some_and(|writer| writer != target.dialect);
    if class(layer) == "RandomCrop" && is_of_other_keras {
        let key = class(layer).to_owned();
        report.add_at(Change::ValueChange { key, effect: Effect::RandomCrop }, at);
    }
    if class(layer) == "UpSampling2D" && text(config, "interpolation") == "bilinear" {
        let key = "interpolation".to_owned();
        report.add_at(Change::ValueChange { key, effect: Effect::BilinearUpsampling }, at);
    }
}
