//! What a file of Keras has as a model of TensorFlow.js.

use std::collections::HashSet;

use io_core::{Error, Json, ModelArtifacts, Result, WeightSpec};
use serde_json::{Map, Value};

use super::legacy::{LegacyFile, LegacyWeight};
use crate::{
    report::{Change, Report},
    tensors::{self, Tensor},
};

/// The model of a legacy file.
///
/// # Errors
///
/// `Corrupt` when its JSON is not sound or two weights have one name.
pub(super) fn of_legacy(file: LegacyFile, report: &mut Report) -> Result<ModelArtifacts> {
    for key in &file.ignored {
        report.add(Change::Dropped { key: (*key).to_owned() });
    }
    let mut artifacts = ModelArtifacts {
        format: Some(Json::from("layers-model")),
        generated_by: file
            .keras_version
            .as_ref()
            .map(|version| Json::from(format!("keras v{version}").as_str())),
        converted_by: Some(Json::from(CONVERTED_BY)),
        ..ModelArtifacts::default()
    };
    if let Some(config) = &file.model_config {
        let mut topology = Map::new();
        if let Some(version) = file.keras_version {
            topology.insert("keras_version".to_owned(), Value::from(version));
        }
        topology.insert("backend".to_owned(), Value::from(file.backend.unwrap_or_default()));
        topology.insert("model_config".to_owned(), parse(config)?);
        if let Some(training) = &file.training_config {
            let training = parse(training)?;
            topology.insert("training_config".to_owned(), training);
        }
        artifacts.model_topology = Some(Json::new(&topology)?);
    }
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for weight in file.layers.into_iter().flat_map(|layer| layer.weights) {
        if !names.insert(weight.name.clone()) {
            return Err(Error::corrupt(format!("there are two weights `{}`", weight.name)));
        }
        all.push(tensor(weight, report)?);
    }
    tensors::join(all, &mut artifacts)?;
    Ok(artifacts)
}

/// What `convertedBy` says.
pub(super) const CONVERTED_BY: &str = concat!("modelport v", env!("CARGO_PKG_VERSION"));

fn tensor(weight: LegacyWeight, report: &mut Report) -> Result<Tensor> {
    let LegacyWeight { name, dataset } = weight;
    let (number, dtype) = (dataset.number, dataset.number.dtype());
    if number.name() != dtype.name() {
        let (from, to) = (number.name().to_owned(), dtype.name().to_owned());
        report.add_at(Change::Cast { from, to }, &name);
    }
    let stored = dataset.values(&name)?;
    Ok(Tensor { spec: WeightSpec::new(name, dataset.shape, dtype), stored })
}

fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::corrupt("the topology is not JSON").with_source(error))
}
