//! Files of Keras, made of models of TensorFlow.js.

use std::collections::{HashMap, HashSet};

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, Weights};
use serde_json::{Value, json};

use super::{
    archive::{CONFIG, METADATA, WEIGHTS},
    groups::{self, LayerGroup, Variable, unknown},
    legacy::OPTIMIZER,
    optimizer::{self, Way},
    store::OPTIMIZER_VARIABLES,
};
use crate::{
    hdf5::{GroupBuilder, write_file},
    report::{Change, Report},
    tensors::{self, Tensor},
    topology::{self, Dialect, KerasGroup, KerasModel, OptimizerWriter, TfjsSource},
    zip,
};

/// HDF5 as Keras 2 saves it: a whole model, or its weights only.
///
/// # Errors
///
/// `Unsupported` when it is no layers model, or has what Keras has not; `Corrupt` when its parts do
/// not fit together; `InvalidInput` when a name does not fit.
pub(crate) async fn write_legacy(
    model: ModelArtifacts,
    whole: bool,
    dialect: Dialect,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<Weights> {
    let (tensors, variables) = weights(&model, whole && include_optimizer, report).await?;
    let version = dialect.keras_version();
    let mut root = GroupBuilder::default();
    let Some(mut keras) = keras_model(&model, dialect, report)? else {
        if whole {
            return Err(no_topology());
        }
        groups::write_layers(&mut root, &by_names(&tensors, dialect), version)?;
        return write_file(&root);
    };
    tensors::check_shapes(&tensors, &keras.weights)?;
    keras.set_depth_multipliers(&tensors::shapes(&tensors), report)?;
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor.spec.name.as_str()).collect();
    let layers = by_plan(keras.h5_groups(&names)?, &keras.config, &tensors)?;
    if !whole {
        groups::write_layers(&mut root, &layers, version)?;
        return write_file(&root);
    }
    root.set_text("keras_version", version);
    root.set_text("backend", "tensorflow");
    root.set_text("model_config", &keras.config.to_string());
    if let Some(training) = &keras.training_config {
        root.set_text("training_config", &training.to_string());
    }
    groups::write_layers(root.group("model_weights")?, &layers, version)?;
    if let Some(variables) = variables {
        let variables = for_keras(&keras, &variables, &tensors, report)?;
        if !variables.is_empty() {
            let named = variables.iter().map(|it| (it.spec.name.clone(), Variable(it)));
            groups::write_optimizer(root.group(OPTIMIZER)?, named.collect())?;
        }
    }
    write_file(&root)
}

/// HDF5 as Keras 3 saves weights.
///
/// # Errors
///
/// As [`write_legacy`]; `InvalidInput` when there is no topology, which says where weights go.
pub(crate) async fn write_store(model: ModelArtifacts, report: &mut Report) -> Result<Weights> {
    store(&model, false, report).await.map(|(_, weights)| weights)
}

/// The zip of Keras 3.
///
/// # Errors
///
/// As [`write_store`].
pub(crate) async fn write_archive(
    model: ModelArtifacts,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<Weights> {
    let (mut keras, weights) = store(&model, include_optimizer, report).await?;
    if let (Value::Object(config), Some(compile)) = (&mut keras.config, keras.compile_config) {
        config.insert("compile_config".to_owned(), compile);
    }
    let metadata = json!({
        "keras_version": keras.dialect.keras_version(),
        // The same input gives the same bytes.
        "date_saved": "1980-01-01@00:00:00",
    });
    let member = |text: String| Weights::from(text.into_bytes());
    zip::write(vec![
        (METADATA, member(metadata.to_string())),
        (CONFIG, member(keras.config.to_string())),
        (WEIGHTS, weights),
    ])
    .await
}

async fn store(
    model: &ModelArtifacts,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<(KerasModel, Weights)> {
    let (tensors, variables) = weights(model, include_optimizer, report).await?;
    let mut keras = keras_model(model, Dialect::Keras3, report)?.ok_or_else(no_topology)?;
    tensors::check_shapes(&tensors, &keras.weights)?;
    keras.set_depth_multipliers(&tensors::shapes(&tensors), report)?;
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor.spec.name.as_str()).collect();
    let mut root = GroupBuilder::default();
    groups::write_store(&mut root, &keras.store(&names)?, &tensors)?;
    if let Some(variables) = variables {
        let variables = for_keras(&keras, &variables, &tensors, report)?;
        if !variables.is_empty() {
            let variables: Vec<Variable<'_>> = variables.iter().map(Variable).collect();
            groups::write_optimizer_store(root.group(OPTIMIZER_VARIABLES)?, &variables)?;
        }
    }
    Ok((keras, write_file(&root)?))
}

/// The weights of layers, and the variables of the optimizer where there are any and they are to
/// come along.
async fn weights(
    model: &ModelArtifacts,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<(Vec<Tensor>, Option<Vec<Tensor>>)> {
    let all = tensors::split(model).await?.into_iter();
    let (variables, weights): (Vec<Tensor>, Vec<Tensor>) = all.partition(Tensor::is_of_optimizer);
    if variables.is_empty() {
        return Ok((weights, None));
    }
    if !include_optimizer {
        report.add(Change::Dropped { key: "the state of the optimizer".to_owned() });
    }
    Ok((weights, include_optimizer.then_some(variables)))
}

/// The variables of the optimizer as Keras has them.
fn for_keras(
    keras: &KerasModel,
    variables: &[Tensor],
    weights: &[Tensor],
    report: &mut Report,
) -> Result<Vec<Tensor>> {
    let to = match keras.dialect {
        Dialect::Keras2 if is_legacy(keras) => OptimizerWriter::Keras2Legacy,
        Dialect::Keras2 => OptimizerWriter::Keras2,
        Dialect::Keras3 => OptimizerWriter::Keras3,
    };
    let way = Way { from: OptimizerWriter::Tfjs, to };
    let state = keras.optimizer.as_ref();
    optimizer::rearrange(state, way, variables, &keras.weights, weights, report)
}

/// Whether Keras 2 makes one of its legacy optimizers, which it does unless the settings say no.
fn is_legacy(keras: &KerasModel) -> bool {
    let says = "/optimizer_config/config/is_legacy_optimizer";
    let training = keras.training_config.as_ref();
    training.and_then(|config| config.pointer(says)) != Some(&Value::Bool(false))
}

/// The topology for Keras; `None` when there is none.
fn keras_model(
    model: &ModelArtifacts,
    dialect: Dialect,
    report: &mut Report,
) -> Result<Option<KerasModel>> {
    let format: Option<String> = model.format.as_ref().and_then(|format| format.read().ok());
    if format.as_deref() == Some("graph-model") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a graph model has operations instead of layers and cannot become a model of Keras",
        ));
    }
    let parts =
        [("userDefinedMetadata", &model.user_defined_metadata), ("signature", &model.signature)];
    for (key, part) in parts {
        if part.as_ref().is_some_and(|part| !part.is_null()) {
            report.add(Change::Dropped { key: key.to_owned() });
        }
    }
    let present = |part: &Option<Json>| part.clone().filter(|part| !part.is_null());
    let Some(topology) = present(&model.model_topology) else { return Ok(None) };
    let training = present(&model.training_config);
    let source =
        TfjsSource { topology: topology.get(), training_config: training.as_ref().map(Json::get) };
    topology::to_keras(&source, dialect, report).map(Some)
}

/// The groups of an HDF5 file of the model `config` with their `weights`.
///
/// # Errors
///
/// `Corrupt` when a weight of `groups` is not among them.
pub(super) fn by_plan<'a, T>(
    groups: Vec<KerasGroup>,
    config: &Value,
    weights: &'a [T],
) -> Result<Vec<LayerGroup<'a, T>>> {
    let inputs = inputs_of_sequential(config);
    let groups =
        groups.into_iter().filter(|group| !inputs.contains(group.layer.as_str())).map(|group| {
            let named = group.weights.into_iter().map(|weight| {
                let values = weights.get(weight.source).ok_or_else(|| unknown(&weight.name))?;
                Ok((weight.name, values))
            });
            Ok(LayerGroup { name: group.layer, weights: named.collect::<Result<_>>()? })
        });
    groups.collect()
}

/// The input layers of a Sequential, which does not count them among its layers.
fn inputs_of_sequential(config: &Value) -> HashSet<&str> {
    let is = |object: &Value, class| object.get("class_name").is_some_and(|name| name == class);
    if !is(config, "Sequential") {
        return HashSet::new();
    }
    let layers = config.pointer("/config/layers").and_then(Value::as_array);
    let inputs = layers.into_iter().flatten().filter(|layer| is(layer, "InputLayer"));
    inputs.filter_map(|layer| layer.pointer("/config/name")?.as_str()).collect()
}

/// Without a topology, the names alone say which weights are of one layer.
fn by_names(tensors: &[Tensor], dialect: Dialect) -> Vec<LayerGroup<'_, Tensor>> {
    let suffix = if dialect == Dialect::Keras2 { ":0" } else { "" };
    let mut layers: Vec<LayerGroup<'_, Tensor>> = Vec::new();
    let mut places = HashMap::new();
    for tensor in tensors {
        let name = &tensor.spec.name;
        let layer = name.rsplit_once('/').map_or(name.as_str(), |(layer, _)| layer);
        let weight = (format!("{name}{suffix}"), tensor);
        let place = *places.entry(layer).or_insert(layers.len());
        match layers.get_mut(place) {
            Some(known) => known.weights.push(weight),
            None => layers.push(LayerGroup { name: layer.to_owned(), weights: vec![weight] }),
        }
    }
    layers
}

fn no_topology() -> Error {
    Error::new(ErrorKind::InvalidInput, "the model has weights only, and no topology")
        .with_hint("`--to h5-weights` writes weights only")
}
