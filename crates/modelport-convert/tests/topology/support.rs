//! The models, and short ways to convert them.

use std::{fs, path::Path};

use modelport_convert::{
    report::{Change, Report},
    topology::{
        Dialect, H5Group, KerasModel, KerasSource, TfjsModel, TfjsSource, to_keras, to_tfjs,
    },
};
use serde_json::{Value, json};

/// A model as Keras wrote it.
pub(crate) struct Model(pub(crate) Value);

impl Model {
    pub(crate) fn read(name: &str) -> Self {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topology/models");
        let file = models.join(format!("{name}.json"));
        let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("no {}", file.display()));
        Self(serde_json::from_str(&text).unwrap())
    }

    /// The whole list of them, by name.
    pub(crate) fn names() -> Vec<String> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topology/models");
        let mut names: Vec<String> = fs::read_dir(models)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(".json").unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names.len(), 30);
        names
    }

    pub(crate) fn to_tfjs(&self) -> (TfjsModel, Report) {
        let config = self.0["model_config"].to_string();
        let training = self.0.get("training_config").map(Value::to_string);
        convert(&config, self.0["keras_version"].as_str(), training.as_deref())
    }

    /// The groups of an HDF5 file.
    pub(crate) fn groups(&self) -> Vec<H5Group> {
        let groups: Vec<(String, Vec<String>)> =
            serde_json::from_value(self.0["layers"].clone()).unwrap();
        groups.into_iter().map(|(layer, weights)| H5Group { layer, weights }).collect()
    }

    /// The datasets of a `.keras` file.
    pub(crate) fn stored(&self) -> Vec<String> {
        serde_json::from_value(self.0["stored"].clone()).unwrap()
    }
}

pub(crate) fn convert(
    config: &str,
    version: Option<&str>,
    training: Option<&str>,
) -> (TfjsModel, Report) {
    let mut report = Report::new();
    let source =
        KerasSource { model_config: config, keras_version: version, training_config: training };
    let model = to_tfjs(&source, &mut report).unwrap();
    (model, report)
}

/// Converts a model of one layer between an input and an output.
pub(crate) fn convert_layer(version: &str, layer: Value) -> (Value, Report) {
    let config = sequential(layer).to_string();
    let (model, report) = convert(&config, Some(version), None);
    let layer = model.topology["model_config"]["config"]["layers"][1].clone();
    (layer, report)
}

pub(crate) fn sequential(layer: Value) -> Value {
    json!({"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer",
         "config": {"batch_input_shape": [null, 4], "dtype": "float32", "name": "x"}},
        layer,
    ]}})
}

pub(crate) fn back(topology: &Value, dialect: Dialect) -> (KerasModel, Report) {
    let mut report = Report::new();
    let topology = topology.to_string();
    let source = TfjsSource { topology: &topology, training_config: None };
    let model = to_keras(&source, dialect, &mut report).unwrap();
    (model, report)
}

/// The layer of that name, wherever it is.
pub(crate) fn layer<'a>(value: &'a Value, name: &str) -> &'a Value {
    find(value, name).unwrap_or_else(|| panic!("there is no layer `{name}`"))
}

fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    if value.pointer("/config/name").and_then(Value::as_str) == Some(name) {
        return Some(value);
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        Value::Object(items) => items.values().find_map(|item| find(item, name)),
        _ => None,
    }
}

/// Where the report says that `change` was made.
pub(crate) fn places(report: &Report, is_it: impl Fn(&Change) -> bool) -> Vec<&str> {
    let entries = report.entries().iter().filter(|entry| is_it(&entry.change));
    entries.flat_map(|entry| entry.at.iter().map(String::as_str)).collect()
}
