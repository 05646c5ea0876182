//! A topology of TensorFlow.js as Keras loads it.

use io_core::{Error, Result};
use serde_json::{Value, json};

use super::{
    Dialect, OptimizerState, WeightPlan,
    json::{class, is_model},
    keys::Target,
    names,
    parse::parse,
    plan, to_keras2, to_keras3,
    training::{self, Training},
};
use crate::report::Report;

/// What `model.json` says about a model, as its own texts.
#[derive(Clone, Copy, Debug)]
pub struct TfjsSource<'a> {
    /// `modelTopology`.
    pub topology: &'a str,
    /// `trainingConfig`.
    pub training_config: Option<&'a str>,
}

/// A model as Keras loads it, without its weights.
#[derive(Clone, Debug)]
pub struct KerasModel {
    /// `model_config` of an HDF5 file, or `config.json` of a `.keras` file without its
    /// `compile_config`.
    pub config: Value,
    /// `training_config` of an HDF5 file.
    pub training_config: Option<Value>,
    /// `compile_config` of a `.keras` file.
    pub compile_config: Option<Value>,
    /// What the optimizer of these keeps of weights, where both go on from it.
    pub optimizer: Option<OptimizerState>,
    /// Which weight of TensorFlow.js goes where.
    pub weights: WeightPlan,
    /// What is spoken.
    pub dialect: Dialect,
}

/// Converts a topology of TensorFlow.js, saved by it or by a converter, for Keras 2 or Keras 3.
///
/// What would compute something else, and what Keras cannot run, is converted too and said in
/// `report`; [`Report::check`] refuses it.
///
/// # Errors
///
/// `Corrupt` when a text is not JSON, not a topology of layers, or refers to a call that there
/// cannot be; `Unsupported` when it is too large or two weights have one name.
pub fn to_keras(
    source: &TfjsSource<'_>,
    dialect: Dialect,
    report: &mut Report,
) -> Result<KerasModel> {
    let (mut tfjs, carried, writer) = unwrap(parse(source.topology, report)?);
    let Some(model) = tfjs.as_object_mut().filter(|model| is_model(model)) else {
        return Err(Error::corrupt("the topology is not a model made of layers"));
    };
    // Old files have the layers alone.
    if let Some(Value::Array(layers)) = model.get_mut("config") {
        let layers = std::mem::take(layers);
        model.insert("config".to_owned(), json!({"name": "sequential", "layers": layers}));
    }
    let mut named = tfjs.clone();
    names::for_keras(&mut named, dialect, report);
    let weights = plan::plan(&tfjs, &named, dialect)?;

    let carried = carried.map(|carried| (training::read(&carried, &mut Report::new()), carried));
    let compiled = match (source.training_config, &carried) {
        (Some(text), _) => training::read(&parse(text, report)?, report),
        (None, Some((_, carried))) => training::read(carried, report),
        (None, None) => None,
    };
    let mut config = named;
    let target = Target { dialect, writer };
    if let Value::Object(model) = &mut config {
        match dialect {
            Dialect::Keras2 => to_keras2::model(model, target, report)?,
            Dialect::Keras3 => to_keras3::model(model, target, report)?,
        }
    }
    let is_same = |read: Option<&Training>| {
        source.training_config.is_none() || (read.is_some() && read == compiled.as_ref())
    };
    let training_config = match carried {
        // What Keras wrote comes back as it was, unless something else was written since.
        Some((read, carried)) if writer == Some(dialect) && is_same(read.as_ref()) => Some(carried),
        _ => compiled.as_ref().map(Training::to_training_config),
    };
    let compile_config = compiled.as_ref().map(Training::to_compile_config);
    let optimizer = compiled.as_ref().and_then(Training::optimizer_state);
    Ok(KerasModel { config, training_config, compile_config, optimizer, weights, dialect })
}

/// The model, what a converter kept of its training, and which Keras that was. TensorFlow.js itself
/// writes the model without a level around it.
fn unwrap(topology: Value) -> (Value, Option<Value>, Option<Dialect>) {
    let Value::Object(mut topology) = topology else { return (topology, None, None) };
    let carried = topology.shift_remove("training_config").filter(|config| !config.is_null());
    match topology.shift_remove("model_config") {
        Some(model @ Value::Object(_)) => {
            let version = topology.get("keras_version").and_then(Value::as_str);
            let writer = Dialect::detect(version, &model);
            (model, carried, Some(writer))
        }
        _ => {
            topology.retain(|key, _| matches!(key.as_str(), "class_name" | "config"));
            (Value::Object(topology), carried, None)
        }
    }
}

/// Keras calls `Functional` what TensorFlow.js calls `Model`.
pub(super) fn class_of_model(model: &super::json::Object) -> &str {
    match class(model) {
        "Model" => "Functional",
        other => other,
    }
}
