//! Weights that a model file has in keys that are not read, or does not have at all.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result};
use serde_json::Value;

/// The keys of TensorFlow.js' artifacts in memory. They are not those of a model file, but programs
/// that print the artifacts as JSON write them.
const SPECS: &str = "weightSpecs";
const DATA: &str = "weightData";

/// Refuses a model without a manifest whose unknown keys name weights or hold their bytes: read as a
/// model file, it would be a model without any.
///
/// # Errors
///
/// `kind` when there are such keys.
pub(crate) fn refuse(extra: &[(String, Json)], kind: ErrorKind) -> Result<()> {
    let find = |key: &str| extra.iter().find(|(name, _)| name == key).map(|(_, value)| value.get());
    let specs = find(SPECS).map_or(0, |specs| {
        serde_json::from_str::<Vec<&serde_json::value::RawValue>>(specs).map_or(0, |all| all.len())
    });
    let has_data = find(DATA).is_some_and(|data| !matches!(data, "null" | "\"\"" | "[]" | "{}"));
    let message = match (specs, has_data) {
        (0, false) => return Ok(()),
        (0, true) => format!(
            "the model file has weights in `{DATA}`, which is not read, and no `weightsManifest`"
        ),
        (1, _) => format!(
            "the model file names 1 weight in `{SPECS}`, but has no `weightsManifest` that says where its bytes are"
        ),
        (count, _) => format!(
            "the model file names {count} weights in `{SPECS}`, but has no `weightsManifest` that says where their bytes are"
        ),
    };
    Err(Error::new(kind, message).with_hint(
        "this is a dump of artifacts in memory and not a saved model; save the model with \
         `model.save`, or write its weights to a file and name it in `weightsManifest`",
    ))
}

/// Classes of layers that have weights whatever their configuration is.
const WEIGHTED: &[&str] = &[
    "BatchNormalization",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "Dense",
    "DepthwiseConv2D",
    "Embedding",
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "PReLU",
    "SeparableConv1D",
    "SeparableConv2D",
    "SimpleRNN",
    "SimpleRNNCell",
];

/// Says which parts of the topology of a model without weights need some: layers that always have
/// weights, constants of a graph. `None` when the model has weights, or needs none as far as its
/// topology can be read.
///
/// A layers model without weights is legal, and TensorFlow.js gives it random ones; but it is not
/// what a reader of a trained model expects.
///
/// # Examples
///
/// ```
/// use io_core::{Json, ModelArtifacts};
/// use io_manifest::describe_missing_weights;
///
/// let layer = r#"{"class_name":"Dense","config":{"name":"d1","units":1}}"#;
/// let topology = format!(r#"{{"class_name":"Sequential","config":{{"layers":[{layer}]}}}}"#);
/// let model =
///     ModelArtifacts { model_topology: Some(Json::parse(&topology)?), ..Default::default() };
/// assert_eq!(describe_missing_weights(&model).unwrap(), "its layer `d1` needs some");
/// # Ok::<(), io_core::Error>(())
/// ```
pub fn describe_missing_weights(model: &ModelArtifacts) -> Option<String> {
    if model.weight_specs.as_ref().is_some_and(|specs| !specs.is_empty()) {
        return None;
    }
    // A topology that is nested too deep for this is for others to judge.
    let topology: Value = model.model_topology.as_ref()?.read().ok()?;
    let (mut layers, mut constants) = (Vec::new(), 0_u64);
    collect(&topology, &mut layers);
    let nodes = topology.get("node").and_then(Value::as_array);
    for node in nodes.into_iter().flatten() {
        constants += u64::from(node.get("op").and_then(Value::as_str) == Some("Const"));
    }
    Some(match (layers.as_slice(), constants) {
        ([], 0) => return None,
        ([], 1) => "its graph has a constant".to_owned(),
        ([], count) => format!("its graph has {count} constants"),
        ([only], _) => format!("its layer `{}` needs some", io_core::printable_name(only)),
        ([first, rest @ ..], _) => format!(
            "its layer `{}` and {} more need some",
            io_core::printable_name(first),
            rest.len()
        ),
    })
}

/// Collects the names of layers that have weights, those inside of other layers too. The recursion is
/// bounded by the depth that `serde_json` reads.
fn collect(value: &Value, layers: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, layers)),
        Value::Object(members) => {
            let class = members.get("class_name").and_then(Value::as_str);
            match (class, members.get("config")) {
                (Some(class), Some(Value::Object(config))) if WEIGHTED.contains(&class) => {
                    let name = config.get("name").and_then(Value::as_str).unwrap_or(class);
                    layers.push(name.to_owned());
                }
                _ => members.values().for_each(|member| collect(member, layers)),
            }
        }
        _ => {}
    }
}
