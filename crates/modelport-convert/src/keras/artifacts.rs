//! What a file of Keras has as a model of TensorFlow.js.

use std::collections::{HashMap, HashSet};

use io_core::{Error, Json, ModelArtifacts, Result, WeightSpec};

use super::{
    legacy::{LegacyFile, LegacyWeight},
    optimizer::{self, Way},
    store::{Store, Stored},
};
use crate::{
    hdf5::Dataset,
    report::{Change, Report},
    tensors::{self, Tensor},
    topology::{self, Dialect, H5Group, KerasSource, OptimizerWriter, TfjsModel},
};

/// What `convertedBy` says.
const CONVERTED_BY: &str = concat!("modelport v", env!("CARGO_PKG_VERSION"));

/// The model of a legacy file.
///
/// # Errors
///
/// `Corrupt` when its parts do not fit together; `Unsupported` when they cannot be converted.
pub(super) fn of_legacy(mut file: LegacyFile, report: &mut Report) -> Result<ModelArtifacts> {
    // As the reference converter meets them: groups by name, and those within them.
    file.layers.sort_by(|one, two| one.name.split('/').cmp(two.name.split('/')));
    for key in &file.ignored {
        report.add(Change::Dropped { key: (*key).to_owned() });
    }
    let version = file.keras_version.as_deref();
    let mut artifacts = begin(version);
    let mut groups = Vec::new();
    let mut datasets = Vec::new();
    for layer in file.layers {
        let mut names = Vec::new();
        for weight in layer.weights {
            // What random layers draw from.
            if weight.is_seed() {
                report.add_at(
                    Change::Dropped { key: "seed_generator_state".to_owned() },
                    &layer.name,
                );
                continue;
            }
            names.push(weight.name);
            datasets.push(weight.dataset);
        }
        groups.push(H5Group { layer: layer.name, weights: names });
    }
    let Some(model_config) = &file.model_config else {
        let names = groups.into_iter().flat_map(|group| group.weights);
        let weights = tensors(names.zip(datasets), report)?;
        return with_weights(artifacts, weights);
    };
    let training_config = file.training_config.as_deref();
    let source = KerasSource { model_config, keras_version: version, training_config };
    let model = topology::to_tfjs(&source, report)?;
    let names = model.weights.match_h5(&groups)?.into_iter().flatten();
    set_topology(&mut artifacts, &model)?;
    let mut weights = tensors(names.zip(datasets), report)?;
    tensors::check_shapes(&weights, &model.weights)?;
    if let Some(optimizer) = file.optimizer {
        let writer = writer(&optimizer);
        let variables = optimizer.into_iter().map(|LegacyWeight { name, dataset }| (name, dataset));
        weights = with_optimizer(&model, writer, variables, weights, report)?;
    }
    with_weights(artifacts, weights)
}

/// Who has written the variables of an optimizer into a legacy file.
fn writer(variables: &[LegacyWeight]) -> OptimizerWriter {
    let is = |place: usize, end| {
        variables.get(place).is_some_and(|variable: &LegacyWeight| variable.name.ends_with(end))
    };
    if is(0, "/iter") {
        OptimizerWriter::Keras2Legacy
    } else if is(1, "/learning_rate") {
        OptimizerWriter::Keras3
    } else {
        OptimizerWriter::Keras2
    }
}

/// The model whose weights are as Keras 3 stores them, with its `config.json` and the version that
/// wrote it, if they are known. Without, weights are called after their places.
///
/// # Errors
///
/// `Corrupt` when its parts do not fit together; `Unsupported` when they cannot be converted.
pub(super) fn of_store(
    store: Store,
    config: Option<(&str, Option<&str>)>,
    report: &mut Report,
) -> Result<ModelArtifacts> {
    for key in store.ignored {
        report.add(Change::Dropped { key });
    }
    let pair = |Stored { path, dataset }| (path, dataset);
    let (paths, datasets): (Vec<String>, Vec<Dataset>) =
        store.weights.into_iter().map(pair).unzip();
    let Some((model_config, keras_version)) = config else {
        let weights = tensors(paths.into_iter().zip(datasets), report)?;
        return with_weights(begin(None), weights);
    };
    let mut artifacts = begin(keras_version);
    let source = KerasSource { model_config, keras_version, training_config: None };
    let model = topology::to_tfjs(&source, report)?;
    let names = model.weights.names_of_stored(&paths)?;
    // In the order of the model; what the model has no class for comes last.
    let order: HashMap<&str, usize> = model
        .weights
        .weights()
        .zip(0..)
        .map(|(weight, place)| (weight.tfjs.as_str(), place))
        .collect();
    let named = names.into_iter().zip(datasets);
    let mut weights: Vec<(String, Dataset)> = named
        .flat_map(|(names, it)| names.into_iter().map(move |name| (name, it.clone())))
        .collect();
    weights.sort_by_key(|(name, _)| order.get(name.as_str()).copied().unwrap_or(usize::MAX));
    set_topology(&mut artifacts, &model)?;
    let mut weights = tensors(weights.into_iter(), report)?;
    tensors::check_shapes(&weights, &model.weights)?;
    if let Some(optimizer) = store.optimizer {
        let writer = match model.dialect {
            Dialect::Keras2 => OptimizerWriter::Keras2,
            Dialect::Keras3 => OptimizerWriter::Keras3,
        };
        let variables = optimizer.into_iter().map(pair);
        weights = with_optimizer(&model, writer, variables, weights, report)?;
    }
    with_weights(artifacts, weights)
}

/// `weights`, and the variables of the optimizer of `model` as TensorFlow.js has them.
fn with_optimizer(
    model: &TfjsModel,
    from: OptimizerWriter,
    variables: impl Iterator<Item = (String, Dataset)>,
    mut weights: Vec<Tensor>,
    report: &mut Report,
) -> Result<Vec<Tensor>> {
    let variables = tensors(variables, report)?;
    let way = Way { from, to: OptimizerWriter::Tfjs };
    let state = model.optimizer.as_ref();
    let own = optimizer::rearrange(state, way, &variables, &model.weights, &weights, report)?;
    weights.extend(own);
    Ok(weights)
}

/// The artifacts of a file that `keras_version` wrote. Their format is that of a model once they
/// have a topology.
fn begin(keras_version: Option<&str>) -> ModelArtifacts {
    ModelArtifacts {
        generated_by: keras_version.map(|version| Json::from(format!("keras v{version}").as_str())),
        converted_by: Some(Json::from(CONVERTED_BY)),
        ..ModelArtifacts::default()
    }
}

fn set_topology(artifacts: &mut ModelArtifacts, model: &TfjsModel) -> Result<()> {
    artifacts.format = Some(Json::from("layers-model"));
    artifacts.model_topology = Some(Json::new(&model.topology)?);
    artifacts.training_config = model.training_config.as_ref().map(Json::new).transpose()?;
    Ok(())
}

fn with_weights(mut artifacts: ModelArtifacts, weights: Vec<Tensor>) -> Result<ModelArtifacts> {
    tensors::join(weights, &mut artifacts)?;
    Ok(artifacts)
}

fn tensors(
    weights: impl Iterator<Item = (String, Dataset)>,
    report: &mut Report,
) -> Result<Vec<Tensor>> {
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for (name, dataset) in weights {
        if !names.insert(name.clone()) {
            return Err(Error::corrupt(format!("there are two weights `{name}`")));
        }
        all.push(tensor(name, dataset, report)?);
    }
    Ok(all)
}

fn tensor(name: String, dataset: Dataset, report: &mut Report) -> Result<Tensor> {
    let (number, dtype) = (dataset.number, dataset.number.dtype());
    if number.name() != dtype.name() {
        let (from, to) = (number.name().to_owned(), dtype.name().to_owned());
        report.add_at(Change::Cast { from, to }, &name);
    }
    let stored = dataset.values(&name)?;
    Ok(Tensor { spec: WeightSpec::new(name, dataset.shape, dtype), stored })
}
