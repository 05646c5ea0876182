//! Loss, metrics and optimizer, in the words of Keras 2, Keras 3 and TensorFlow.js.

use serde_json::{Map, Value, json};

use super::{
    classes::snake_case,
    json::{Object, class, config, is_other_than, is_true, text},
    optimizer,
    optimizer_state::OptimizerState,
};
use crate::report::{Change, Report};

/// What all of them can say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Training {
    /// A name, a list of names, or names by output.
    loss: Value,
    metrics: Vec<String>,
    optimizer: optimizer::Optimizer,
}

/// The losses that TensorFlow.js has, all of which Keras has under the same name.
const LOSSES: &[&str] = &[
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "hinge",
    "kullback_leibler_divergence",
    "logcosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
];

/// The metrics that TensorFlow.js has: its name and that of Keras.
const METRICS: &[(&str, &str)] = &[
    ("accuracy", "accuracy"),
    ("binary_accuracy", "binary_accuracy"),
    ("categorical_accuracy", "categorical_accuracy"),
    ("categorical_crossentropy", "categorical_crossentropy"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("mse", "mean_squared_error"),
    ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy"),
];

/// What `training_config` or `compile_config` of Keras or `trainingConfig` of TensorFlow.js says;
/// `None`, with the reason in `report`, when not all of them can say it.
pub(super) fn read(training: &Value, report: &mut Report) -> Option<Training> {
    let read = || -> Result<Training, String> {
        let training = training.as_object().ok_or("training")?;
        for key in ["weighted_metrics", "loss_weights", "sample_weight_mode"] {
            if training.get(key).is_some_and(|value| !is_empty(value)) {
                return Err(key.to_owned());
            }
        }
        let optimizer = training.get("optimizer_config").or_else(|| training.get("optimizer"));
        let optimizer = optimizer.and_then(Value::as_object).ok_or("optimizer")?;
        Ok(Training {
            loss: loss(training.get("loss").ok_or("loss")?)?,
            metrics: metrics(training.get("metrics"))?,
            optimizer: optimizer::Optimizer::read(optimizer)?,
        })
    };
    match read() {
        Ok(training) => Some(training),
        Err(what) => {
            report.add(Change::Dropped { key: format!("training configuration: {what}") });
            None
        }
    }
}

impl Training {
    /// `trainingConfig` of TensorFlow.js.
    pub(super) fn to_tfjs(&self) -> Value {
        let metrics = self.metrics.iter().filter_map(|keras| {
            METRICS.iter().find(|(_, name)| name == keras).map(|(tfjs, _)| *tfjs)
        });
        json!({
            "loss": self.loss,
            "metrics": metrics.collect::<Vec<_>>(),
            "optimizer_config": self.optimizer.to_tfjs(),
        })
    }

    /// What the optimizer keeps of weights.
    pub(super) fn optimizer_state(&self) -> Option<OptimizerState> {
        self.optimizer.state()
    }

    /// `training_config` of an HDF5 file.
    pub(super) fn to_training_config(&self) -> Value {
        json!({
            "loss": self.loss,
            "metrics": self.metrics,
            "weighted_metrics": null,
            "loss_weights": null,
            "optimizer_config": self.optimizer.to_keras(),
        })
    }

    /// `compile_config` of a `.keras` file.
    pub(super) fn to_compile_config(&self) -> Value {
        let mut optimizer = Map::new();
        optimizer.insert("module".to_owned(), json!("keras.optimizers"));
        if let Value::Object(keras) = self.optimizer.to_keras() {
            optimizer.extend(keras);
        }
        optimizer.insert("registered_name".to_owned(), Value::Null);
        json!({
            "optimizer": optimizer,
            "loss": self.loss,
            "loss_weights": null,
            "metrics": self.metrics,
            "weighted_metrics": null,
            "run_eagerly": false,
            "steps_per_execution": 1,
            "jit_compile": false,
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(items) => items.values().all(is_empty),
        _ => false,
    }
}

/// Names with the short ones spelled out, in the structure that they are in.
fn loss(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::String(name) => json!(known_loss(name)?),
        Value::Array(items) => items.iter().map(loss).collect::<Result<_, _>>()?,
        Value::Object(object) if object.contains_key("class_name") => json!(loss_object(object)?),
        Value::Object(items) => {
            let items = items.iter().map(|(key, value)| Ok((key.clone(), loss(value)?)));
            Value::Object(items.collect::<Result<_, String>>()?)
        }
        _ => return Err("loss".to_owned()),
    })
}

/// A loss of a class is its function, unless it is set to something else.
fn loss_object(object: &Object) -> Result<String, String> {
    let settings = config(object);
    let name = match class(object) {
        "function" => text(object, "config").to_owned(),
        "KLDivergence" => "kullback_leibler_divergence".to_owned(),
        "LogCosh" => "logcosh".to_owned(),
        class => snake_case(class),
    };
    if settings.is_some_and(is_set) {
        return Err(format!("loss {name}"));
    }
    known_loss(&name)
}

/// Whether a loss is set to something that its function does not do by itself.
fn is_set(config: &Object) -> bool {
    // `auto` is what Keras 2 calls the default.
    let reduces = !matches!(text(config, "reduction"), "" | "auto" | "sum_over_batch_size");
    reduces
        || is_true(config, "from_logits")
        || is_other_than(config, "label_smoothing", 0.0)
        || is_other_than(config, "axis", -1.0)
        || config.get("ignore_class").is_some_and(|class| !class.is_null())
}

fn known_loss(name: &str) -> Result<String, String> {
    let long = long_name(name);
    if LOSSES.contains(&long) { Ok(long.to_owned()) } else { Err(format!("loss {name}")) }
}

fn long_name(name: &str) -> &str {
    match name {
        "mse" | "MSE" => "mean_squared_error",
        "mae" | "MAE" => "mean_absolute_error",
        "mape" | "MAPE" => "mean_absolute_percentage_error",
        "msle" | "MSLE" => "mean_squared_logarithmic_error",
        "kld" | "KLD" | "kl_divergence" => "kullback_leibler_divergence",
        "log_cosh" => "logcosh",
        "acc" => "accuracy",
        other => other,
    }
}

/// The metrics of a model with one output, or of all outputs. TensorFlow.js cannot read lists of
/// lists.
fn metrics(value: Option<&Value>) -> Result<Vec<String>, String> {
    let list = match value {
        None => return Ok(Vec::new()),
        // TensorFlow.js writes an empty object for none.
        Some(none) if is_empty(none) => return Ok(Vec::new()),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::Array(list)] => list,
            _ => list,
        },
        Some(_) => return Err("metrics".to_owned()),
    };
    let name = |metric: &Value| {
        let name = match metric {
            Value::String(name) => name.as_str(),
            Value::Object(metric) => {
                let settings = config(metric).ok_or("metrics")?;
                match text(settings, "name") {
                    "accuracy" | "acc" => "accuracy",
                    _ => text(settings, "fn"),
                }
            }
            _ => return Err("metrics".to_owned()),
        };
        let long = long_name(name);
        let is_known = METRICS.iter().any(|(_, keras)| *keras == long);
        if is_known { Ok(long.to_owned()) } else { Err(format!("metric {name}")) }
    };
    list.iter().map(name).collect()
}
