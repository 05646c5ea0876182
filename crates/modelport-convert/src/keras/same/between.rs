//! Keras between its two containers: weights move by layer and order, values as they are.

use io_core::{Result, Weights};
use serde_json::{Value, json};

use super::config;
use crate::{
    hdf5::{GroupBuilder, Hdf5, write_file},
    keras::{
        archive::{CONFIG, METADATA, WEIGHTS},
        groups::{self, Numbers, Stored as _},
        legacy::{LegacyFile, LegacyWeight, OPTIMIZER},
        store::{self, OPTIMIZER_VARIABLES, Wanted},
        write::by_plan,
    },
    report::{Change, Report},
    topology::{self, Dialect, H5Group, KerasSource, WeightPlan, parse},
    zip,
};

/// A `.keras` file.
pub(super) struct ArchiveSource<'a> {
    pub(super) config: &'a str,
    pub(super) version: Option<String>,
    pub(super) file: &'a Hdf5,
}

/// The HDF5 file that is written: a whole model or its weights, with the state of its optimizer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Legacy {
    pub(super) whole: bool,
    pub(super) optimizer: bool,
    /// What the Keras of both files speaks.
    pub(super) dialect: Dialect,
}

/// The model of `source` as the same Keras saves it to HDF5.
///
/// # Errors
///
/// `Corrupt` when configuration and weights do not fit together; `Unsupported` when the order of
/// weights is not known.
pub(super) async fn legacy_of(
    source: ArchiveSource<'_>,
    to: Legacy,
    report: &mut Report,
) -> Result<Weights> {
    let plan = plan(source.config, source.version.as_deref())?;
    let version = source.version.as_deref().unwrap_or(to.dialect.keras_version());
    let include_optimizer = to.whole && to.optimizer;
    let read = store::read(source.file, Wanted::Layers { include_optimizer }).await?;
    for key in read.ignored {
        report.add(Change::Dropped { key });
    }
    let paths: Vec<String> = read.weights.iter().map(|stored| stored.path.clone()).collect();
    let mut names = Vec::new();
    let mut weights = Vec::new();
    for (own, stored) in plan.names_of_stored(&paths)?.into_iter().zip(&read.weights) {
        // None for the state of random generators, which HDF5 files do not have.
        for name in own {
            weights.push(Numbers::of(&stored.dataset, &name, report)?);
            names.push(name);
        }
    }
    let config = parse(source.config, report)?;
    let config = config::for_every_version(&config, to.dialect).unwrap_or(config);
    let (model, training) = config::to_legacy(config, to.dialect);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let layers = by_plan(plan.h5_groups(to.dialect, &names)?, &model, &weights)?;
    let mut root = GroupBuilder::default();
    if !to.whole {
        groups::write_layers(&mut root, &layers, version)?;
        return write_file(&root);
    }
    root.set_text("keras_version", version);
    root.set_text("backend", "tensorflow");
    root.set_text("model_config", &model.to_string());
    groups::write_layers(root.group("model_weights")?, &layers, version)?;
    if let Some(training) = &training {
        root.set_text("training_config", &training.to_string());
        if let Some(variables) = read.optimizer {
            let others = source.file.members(store::OPTIMIZER).await?.groups.len() > 1;
            if others {
                report.add(nested_optimizer());
            } else {
                let values = variables.iter().map(|it| Numbers::of(&it.dataset, &it.path, report));
                let values = values.collect::<Result<Vec<_>>>()?;
                groups::write_optimizer(
                    root.group(OPTIMIZER)?,
                    named(training, to.dialect, values),
                )?;
            }
        }
    }
    write_file(&root)
}

/// The whole model of an HDF5 file of Keras 3 as a `.keras` file.
///
/// # Errors
///
/// `Corrupt` when configuration and weights do not fit together; `Unsupported` when the place of a
/// weight is not known.
pub(super) async fn archive_of(mut source: LegacyFile, report: &mut Report) -> Result<Weights> {
    let version = source.keras_version.clone();
    let version = version.as_deref().unwrap_or(Dialect::Keras3.keras_version());
    let training = source.training_config.take();
    let training = training.map(|text| parse(&text, report)).transpose()?;
    let optimizer = source.optimizer.take();
    let (model, mut root) = layers_of(source, report)?;
    if let (Some(training), Some(optimizer)) = (&training, optimizer) {
        if class_of_optimizer(training) == "LossScaleOptimizer" {
            report.add(nested_optimizer());
        } else {
            let group = root.group(OPTIMIZER_VARIABLES)?;
            for (place, LegacyWeight { name, dataset, .. }) in optimizer.iter().enumerate() {
                Numbers::of(dataset, name, report)?.write(group, &place.to_string())?;
            }
        }
    }
    let metadata = json!({
        "keras_version": version,
        // The same input gives the same bytes.
        "date_saved": "1980-01-01@00:00:00",
    });
    let member = |value: Value| Weights::from(value.to_string().into_bytes());
    zip::write(vec![
        (METADATA, member(metadata)),
        (CONFIG, member(config::to_archive(model, training))),
        (WEIGHTS, write_file(&root)?),
    ])
    .await
}

/// The weights of an HDF5 file of Keras 3 as a `.weights.h5` file.
///
/// # Errors
///
/// As [`archive_of`].
pub(super) fn store_of(source: LegacyFile, report: &mut Report) -> Result<Weights> {
    let (_, root) = layers_of(source, report)?;
    write_file(&root)
}

/// The configuration of `source`, and its weights as Keras 3 stores them.
fn layers_of(source: LegacyFile, report: &mut Report) -> Result<(Value, GroupBuilder)> {
    let text = source.model_config.as_deref().unwrap_or_default();
    let plan = plan(text, source.keras_version.as_deref())?;
    for key in source.ignored {
        report.add(Change::Dropped { key: key.to_owned() });
    }
    let mut groups = Vec::new();
    let mut weights = Vec::new();
    for layer in source.layers {
        let mut names = Vec::new();
        for weight in layer.weights {
            if !weight.is_seed() {
                weights.push(Numbers::of(&weight.dataset, &weight.name, report)?);
                names.push(weight.name);
            }
        }
        groups.push(H5Group { layer: layer.name, weights: names });
    }
    let names: Vec<String> = plan.match_h5(&groups)?.into_iter().flatten().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut root = GroupBuilder::default();
    groups::write_store(&mut root, &plan.store(&names)?, &weights)?;
    let config = parse(text, report)?;
    Ok((config::for_every_version(&config, Dialect::Keras3).unwrap_or(config), root))
}

fn plan(model_config: &str, keras_version: Option<&str>) -> Result<WeightPlan> {
    let source = KerasSource { model_config, keras_version, training_config: None };
    // Only the plan is used: nothing is converted, so that there is nothing to report.
    let plan = topology::to_tfjs(&source, &mut Report::new())?.weights;
    // The containers have different weights of such layers.
    match plan.altered.first() {
        Some(layer) => Err(layer.refused()),
        None => Ok(plan),
    }
}

/// The variables of an optimizer with names for an HDF5 file. Keras goes by their order.
fn named(training: &Value, dialect: Dialect, variables: Vec<Numbers>) -> Vec<(String, Numbers)> {
    let class = class_of_optimizer(training).to_lowercase();
    let name = |(place, variable): (usize, Numbers)| {
        let name = match (dialect, place) {
            (Dialect::Keras2, 0) => "iteration:0".to_owned(),
            (Dialect::Keras2, place) => format!("{class}/{place}:0"),
            (Dialect::Keras3, 0) => format!("{class}/iteration"),
            (Dialect::Keras3, 1) if variable.is_scalar() => format!("{class}/learning_rate"),
            (Dialect::Keras3, place) => format!("{class}/{place}"),
        };
        (name, variable)
    };
    variables.into_iter().enumerate().map(name).collect()
}

fn class_of_optimizer(training: &Value) -> &str {
    let class = training.pointer("/optimizer_config/class_name").and_then(Value::as_str);
    class.and_then(|class| class.rsplit('>').next()).unwrap_or_default()
}

/// An optimizer around another one has its variables in two groups, in an order of its own.
fn nested_optimizer() -> Change {
    let reason = "it holds another optimizer";
    Change::Dropped { key: format!("the state of the optimizer: {reason}") }
}
