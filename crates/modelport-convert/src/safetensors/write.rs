//! A model of TensorFlow.js as one file of tensors.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, Weights};
use serde_json::{Map, Value};

use super::header::{EXTRA, Entry, Extra, FORMAT, Metadata, SPECS, dtype};
use crate::{data::concat, tensors};

/// What readers take for a header.
const MAX_HEADER: usize = 100_000_000;

/// The file of `model`.
///
/// # Errors
///
/// `Unsupported` when there is a weight of strings; `Corrupt` when specs and bytes do not fit
/// together; `InvalidInput` when the topology is too large for a header.
pub(crate) async fn write(model: &ModelArtifacts) -> Result<Weights> {
    let mut all = tensors::split(model).await?;
    let metadata = metadata(model)?;
    // The widest elements first, so that all are aligned; the specs keep the order.
    all.sort_by_key(|tensor| {
        let size = tensor
            .spec
            .quantization
            .as_ref()
            .map_or(tensor.spec.dtype.element_size(), |it| Some(it.dtype.element_size()));
        std::cmp::Reverse(size)
    });
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), to_value(&metadata)?);
    let mut at = 0_u64;
    for tensor in &all {
        let spec = &tensor.spec;
        let dtype = dtype(spec).ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("weight `{}` is {}, which safetensors has not", spec.name, spec.dtype),
            )
        })?;
        let end = at.checked_add(tensor.stored.byte_length()).ok_or_else(too_large)?;
        let (dtype, shape) = (dtype.to_owned(), spec.shape.clone());
        let entry = to_value(&Entry { dtype, shape, data_offsets: (at, end) })?;
        if spec.name == "__metadata__" || header.insert(spec.name.clone(), entry).is_some() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("safetensors takes no second `{}`", spec.name),
            ));
        }
        at = end;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    // Data begins at a multiple of eight.
    text.resize(text.len().next_multiple_of(8), b' ');
    if text.len() > MAX_HEADER {
        return Err(too_large());
    }
    let mut start = (text.len() as u64).to_le_bytes().to_vec();
    start.extend_from_slice(&text);
    let data = all.into_iter().map(|tensor| tensor.stored);
    let parts = std::iter::once(Weights::from(start)).chain(data);
    concat(parts.filter(|part| part.byte_length() > 0).collect())
}

/// Every part of the model but its bytes, as text.
fn metadata(model: &ModelArtifacts) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    metadata.insert("format".to_owned(), FORMAT.to_owned());
    for (key, part) in parts(model) {
        if let Some(part) = part {
            metadata.insert(key.to_owned(), part.get().to_owned());
        }
    }
    if let Some(specs) = &model.weight_specs {
        metadata.insert(SPECS.to_owned(), Json::new(specs)?.get().to_owned());
    }
    if !model.extra.is_empty() {
        let extra = Json::new(&Extra(model.extra.clone()))?;
        metadata.insert(EXTRA.to_owned(), extra.get().to_owned());
    }
    Ok(metadata)
}

/// The parts of a model by their keys in `model.json`; its own format goes by `modelFormat`.
fn parts(model: &ModelArtifacts) -> [(&'static str, &Option<Json>); 9] {
    [
        ("modelTopology", &model.model_topology),
        ("modelFormat", &model.format),
        ("generatedBy", &model.generated_by),
        ("convertedBy", &model.converted_by),
        ("trainingConfig", &model.training_config),
        ("signature", &model.signature),
        ("userDefinedMetadata", &model.user_defined_metadata),
        ("modelInitializer", &model.model_initializer),
        ("initializerSignature", &model.initializer_signature),
    ]
}

fn to_value(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::corrupt("a header has no JSON form").with_source(error))
}

fn too_large() -> Error {
    Error::new(ErrorKind::InvalidInput, "the model is too large for safetensors")
}
