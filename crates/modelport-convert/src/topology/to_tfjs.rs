//! A Keras configuration as TensorFlow.js loads it.

use std::collections::HashMap;

use io_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

use super::{
    Dialect, OptimizerState, WeightPlan, calls_to_tfjs,
    classes::{self, Known},
    json::{self, Object, class, config_mut, is_model, layers_mut, name, text},
    layer_to_tfjs, names, objects,
    parse::parse,
    plan,
    trace::{self, ExplicitMasks},
    training::{self, Training},
};
use crate::report::{Change, Effect, Report};

/// What a Keras file says about a model, as its own texts.
#[derive(Clone, Copy, Debug)]
pub struct KerasSource<'a> {
    /// `model_config` of an HDF5 file, or `config.json` of a `.keras` file.
    pub model_config: &'a str,
    /// The version of Keras that wrote it, when the file says so.
    pub keras_version: Option<&'a str>,
    /// `training_config` of an HDF5 file. That of a `.keras` file is in its configuration.
    pub training_config: Option<&'a str>,
}

/// A model as TensorFlow.js loads it, without its weights.
#[derive(Clone, Debug)]
pub struct TfjsModel {
    /// `modelTopology` of `model.json`.
    pub topology: Value,
    /// `trainingConfig` of `model.json`, where TensorFlow.js has all that it names.
    pub training_config: Option<Value>,
    /// What the optimizer of that keeps of weights, where both go on from it.
    pub optimizer: Option<OptimizerState>,
    /// Which weight of the Keras file is which of TensorFlow.js.
    pub weights: WeightPlan,
    /// What wrote the source.
    pub dialect: Dialect,
}

/// Converts the configuration of a Keras 2 or Keras 3 model.
///
/// What would compute something else, and what TensorFlow.js cannot run, is converted too and said
/// in `report`; [`Report::check`] refuses it.
///
/// # Errors
///
/// `Corrupt` when a text is not JSON or not the configuration of a model, `Unsupported` when it is
/// too large, or names a class of Keras 1.
pub fn to_tfjs(source: &KerasSource<'_>, report: &mut Report) -> Result<TfjsModel> {
    let mut model = parse(source.model_config, report)?;
    let dialect = Dialect::detect(source.keras_version, &model);
    let Value::Object(object) = &mut model else {
        return Err(Error::corrupt("the model's configuration is not an object"));
    };
    if !is_model(object) {
        let class = class(object);
        let message = format!("`{class}` is not a model made of layers");
        // A model of a class of its own is sound; what has no class is not a model.
        let kind = if class.is_empty() { ErrorKind::Corrupt } else { ErrorKind::Unsupported };
        return Err(Error::new(kind, message)
            .with_hint("models with code of their own have no configuration to convert"));
    }
    let compiled = object.shift_remove("compile_config");
    let compiled = match source.training_config {
        Some(text) => Some(parse(text, report)?),
        None => compiled.filter(|config| config.get("optimizer").is_some()),
    };

    let altered = plan::altered(object);
    let mut context = Context { dialect, report, masks: HashMap::new(), path: Vec::new() };
    context.model(object)?;
    let masks = context.masks;
    trace::check(object, dialect, &masks, report)?;
    let keras = model;
    let mut named = keras.clone();
    names::for_tfjs(&mut named, report);
    let weights = WeightPlan { altered, ..plan::plan(&named, &keras, dialect)? };

    let training = compiled.as_ref().and_then(|config| training::read(config, report));
    let mut topology = Map::new();
    let version = source.keras_version.unwrap_or(dialect.keras_version());
    topology.insert("keras_version".to_owned(), json!(version));
    topology.insert("backend".to_owned(), json!("tensorflow"));
    topology.insert("model_config".to_owned(), named);
    // TensorFlow.js does not read it here; it is for the way back.
    if let Some(config) = compiled.filter(|_| source.training_config.is_some()) {
        topology.insert("training_config".to_owned(), config);
    }
    Ok(TfjsModel {
        topology: Value::Object(topology),
        training_config: training.as_ref().map(Training::to_tfjs),
        optimizer: training.as_ref().and_then(Training::optimizer_state),
        weights,
        dialect,
    })
}

/// What the parts of a conversion share.
pub(super) struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) report: &'a mut Report,
    /// The masks that calls pass by name, which TensorFlow.js does not take.
    masks: ExplicitMasks,
    /// The models that this one is in, by name.
    path: Vec<String>,
}

/// What Keras adds to a serialised object, and TensorFlow.js has no use for.
const WRAPPING: &[&str] =
    &["module", "registered_name", "build_config", "compile_config", "shared_object_id"];

impl Context<'_> {
    /// Rewrites a model and all that it holds.
    fn model(&mut self, model: &mut Object) -> Result<()> {
        let built = built_shape(model);
        strip(model);
        let is_sequential = class(model) == "Sequential";
        if self.dialect.is_keras3()
            && let Some(config) = config_mut(model)
        {
            config.shift_remove("dtype");
        }
        trace::find_explicit_masks(model, &self.path, self.dialect, &mut self.masks);
        let operations = calls_to_tfjs::operations(model, self.dialect);
        if let Some(layers) = layers_mut(model) {
            for layer in layers.iter_mut() {
                let Value::Object(layer) = layer else {
                    return Err(Error::corrupt("a layer of the model is not an object"));
                };
                self.layer(layer)?;
            }
            if is_sequential {
                give_shape(layers, built);
            }
        }
        if !is_sequential {
            calls_to_tfjs::rewrite(self, model, &operations);
        }
        Ok(())
    }

    /// Rewrites one layer, which may be a model or hold other layers.
    fn layer(&mut self, layer: &mut Object) -> Result<()> {
        if is_model(layer) {
            self.path.push(name(layer).to_owned());
            self.model(layer)?;
            self.path.pop();
            return Ok(());
        }
        let at = name(layer).to_owned();
        self.class(layer, &at)?;
        let opaque = is_opaque(layer);
        // What HDF5 has for the class of such a layer.
        if let Some(registered) = registered(layer) {
            layer.insert("class_name".to_owned(), json!(registered));
        }
        strip(layer);
        let class = class(layer).to_owned();
        if opaque {
            self.report.add_at(Change::Opaque { class_name: class }, &at);
            return Ok(());
        }
        let Some(config) = config_mut(layer) else { return Ok(()) };
        objects::rewrite(self, &at, config);
        layer_to_tfjs::rewrite(self, &class, &at, config);
        if class == "Bidirectional" {
            self.bidirectional(config, &at);
        }
        for key in ["layer", "cell"] {
            if let Some(Value::Object(inner)) = config.get_mut(key) {
                self.layer(inner)?;
            }
        }
        if let Some(Value::Array(cells)) = config.get_mut("cells") {
            for cell in cells.iter_mut().filter_map(Value::as_object_mut) {
                self.layer(cell)?;
            }
        }
        Ok(())
    }

    /// Old names of classes, and those that TensorFlow.js does not have.
    fn class(&mut self, layer: &mut Object, at: &str) -> Result<()> {
        let from = class(layer).to_owned();
        let to = match from.as_str() {
            "BatchNormalizationV1" | "BatchNormalizationV2" => "BatchNormalization",
            "UnifiedGRU" => "GRU",
            "UnifiedLSTM" => "LSTM",
            "ReLU" if layer_to_tfjs::is_thresholded(layer) => "ThresholdedReLU",
            "CuDNNLSTM" | "CuDNNGRU" => {
                let message =
                    format!("layer `{at}` is a `{from}`, whose weights are laid out for CuDNN");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            other => other,
        };
        if to != from {
            layer.insert("class_name".to_owned(), json!(to));
            self.rewritten(&from, to, at);
        }
        if is_opaque(layer) || calls_to_tfjs::is_operation(layer, self.dialect) {
            return Ok(());
        }
        let class_name = to.to_owned();
        match classes::tfjs_layer(to) {
            Known::Runs => {}
            Known::Fails => {
                let problem = "it fails or differs inside a model".to_owned();
                self.report.add_at(Change::CannotRun { class_name, problem }, at);
            }
            Known::No => self.report.add_at(Change::UnknownClass { class_name }, at),
        }
        Ok(())
    }

    /// TensorFlow.js makes both directions from one layer, and names them by itself.
    fn bidirectional(&mut self, config: &mut Object, at: &str) {
        let backward = config.shift_remove("backward_layer");
        let Some(forward) = config.get_mut("layer") else { return };
        if forward.get("class_name").and_then(Value::as_str) == Some("RNN") {
            let class_name = "Bidirectional".to_owned();
            let problem = "TensorFlow.js cannot copy an RNN made of cells".to_owned();
            self.report.add_at(Change::CannotRun { class_name, problem }, at);
        }
        if let Some(backward) = backward {
            if layer_to_tfjs::mirrors(forward, &backward) {
                self.report.add_at(Change::Dropped { key: "backward_layer".to_owned() }, at);
            } else {
                let key = "backward_layer".to_owned();
                self.report.add_at(Change::ValueChange { key, effect: Effect::BackwardLayer }, at);
            }
        }
        if self.dialect.is_keras3()
            && let Some(Value::String(name)) = forward.pointer_mut("/config/name")
            && let Some(plain) = name.strip_prefix("forward_")
        {
            *name = plain.to_owned();
        }
    }

    /// Removes a key, and says so unless it said nothing.
    pub(super) fn drop_key(&mut self, config: &mut Object, key: &str, at: &str) {
        let Some(value) = config.shift_remove(key) else { return };
        if !matches!(value, Value::Null | Value::Bool(false)) {
            self.report.add_at(Change::Dropped { key: key.to_owned() }, at);
        }
    }

    pub(super) fn rewritten(&mut self, from: &str, to: &str, at: &str) {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.report.add_at(Change::Rewritten { key: "configuration".to_owned(), from, to }, at);
    }
}

/// Code, or a class that somebody registered.
fn is_opaque(layer: &Object) -> bool {
    class(layer) == "Lambda" || class(layer).contains('>') || registered(layer).is_some()
}

/// What a class of somebody's own is registered as, `package>Class`.
fn registered(layer: &Object) -> Option<String> {
    let registered = text(layer, "registered_name");
    registered.contains('>').then(|| registered.to_owned())
}

fn strip(object: &mut Object) {
    for key in WRAPPING {
        object.shift_remove(*key);
    }
}

/// The shape that a model without an input layer was built with.
fn built_shape(model: &Object) -> Option<Value> {
    let config = json::config(model);
    let built = config.and_then(|config| config.get("build_input_shape")).cloned();
    let build_config = || model.get("build_config")?.get("input_shape").cloned();
    built.filter(Value::is_array).or_else(build_config).filter(Value::is_array)
}

/// TensorFlow.js wants a shape at the first layer; Keras has it beside the layers.
fn give_shape(layers: &mut [Value], built: Option<Value>) {
    let Some(Value::Object(first)) = layers.first_mut() else { return };
    if class(first) == "InputLayer" || is_model(first) {
        return;
    }
    if let (Some(shape), Some(config)) = (built, config_mut(first))
        && !config.contains_key("batch_input_shape")
    {
        config.insert("batch_input_shape".to_owned(), shape);
    }
}
