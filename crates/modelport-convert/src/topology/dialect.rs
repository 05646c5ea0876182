//! Which Keras speaks.

use serde_json::Value;

/// The two languages of Keras configurations. TensorFlow.js speaks that of Keras 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Keras 2: `batch_input_shape`, calls as lists, weight names that end in `:0`.
    Keras2,
    /// Keras 3: `batch_shape`, calls as arguments, calls of nested models counted from 0.
    Keras3,
}

impl Dialect {
    /// What the model's `keras_version` says, else what its configuration looks like.
    pub fn detect(keras_version: Option<&str>, model_config: &Value) -> Self {
        let major = keras_version
            .and_then(|version| version.split('.').next())
            .and_then(|major| major.parse::<u32>().ok());
        let is_keras3 = match major {
            Some(major) => major >= 3,
            None => is_keras3_config(model_config),
        };
        if is_keras3 { Self::Keras3 } else { Self::Keras2 }
    }

    /// The version that is written into files.
    pub fn keras_version(self) -> &'static str {
        match self {
            Self::Keras2 => "2.15.0",
            Self::Keras3 => "3.10.0",
        }
    }

    pub(super) fn is_keras3(self) -> bool {
        self == Self::Keras3
    }
}

/// Whether anything in the configuration is written by Keras 3 alone.
fn is_keras3_config(config: &Value) -> bool {
    let mut pending = vec![config];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(object) => {
                let module = super::json::text(object, "module");
                if object.contains_key("batch_shape") || module.starts_with("keras.src.") {
                    return true;
                }
                pending.extend(object.values());
            }
            _ => {}
        }
    }
    false
}
