//! A file of tensors as a model of TensorFlow.js.

use std::collections::HashMap;

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, WeightSpec, Weights};
use serde_json::{Map, Value};

use super::header::{EXTRA, Entry, Extra, FORMAT, Metadata, SPECS, dtype, number};
use crate::{
    data::{read_exact, slice},
    number::{Number, as_dtype},
    report::{Change, Report},
    tensors::{self, Tensor},
};

/// What readers take for a header.
const MAX_HEADER: u64 = 100_000_000;

/// The model in the file `bytes`: all of it when a model of TensorFlow.js was written, else its
/// tensors.
///
/// # Errors
///
/// `Corrupt` when the file is damaged; `Unsupported` when a tensor has a type that no model has.
pub(crate) async fn read(bytes: Weights, report: &mut Report) -> Result<ModelArtifacts> {
    let length = bytes.byte_length();
    let size = read_exact(&bytes, 0..length.min(8)).await?;
    let size = size.first_chunk().map(|size| u64::from_le_bytes(*size));
    let start = size
        .filter(|&size| size <= MAX_HEADER)
        .and_then(|size| size.checked_add(8))
        .filter(|&start| start <= length)
        .ok_or_else(|| damaged("its header is not in it"))?;
    let header = read_exact(&bytes, 8..start).await?;
    let header: Map<String, Value> = serde_json::from_slice(&header)
        .map_err(|error| damaged("its header is not JSON").with_source(error))?;
    let data = slice(&bytes, start..length)?;
    let (metadata, entries) = parse(header, data.byte_length())?;
    let metadata = metadata.filter(|it| it.get("format").map(String::as_str) == Some(FORMAT));
    match metadata {
        Some(metadata)
            if metadata.contains_key(SPECS) || metadata.contains_key("modelTopology") =>
        {
            model(&metadata, entries, &data, report)
        }
        _ => {
            let mut model = ModelArtifacts::default();
            tensors::join(plain(entries, &data, report)?, &mut model)?;
            Ok(model)
        }
    }
}

/// The tensors by name, in the order of their bytes.
type Entries = Vec<(String, Entry)>;

/// Reads what the header says, and checks that the tensors fill the data without a gap.
fn parse(header: Map<String, Value>, length: u64) -> Result<(Option<Metadata>, Entries)> {
    let mut metadata = None;
    let mut entries = Vec::new();
    for (name, value) in header {
        let wrong = |error| damaged("its header has an entry of another form").with_source(error);
        if name == "__metadata__" {
            metadata = Some(serde_json::from_value(value).map_err(wrong)?);
        } else {
            entries.push((name, serde_json::from_value::<Entry>(value).map_err(wrong)?));
        }
    }
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut at = 0;
    for (name, entry) in &entries {
        let (start, end) = entry.data_offsets;
        if start != at || end < start || end > length {
            return Err(damaged("its tensors overlap, or leave a gap"));
        }
        let count = entry.shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size));
        if let Some(number) = number(&entry.dtype)
            && count.and_then(|count| count.checked_mul(number.size() as u64)) != Some(end - start)
        {
            return Err(Error::corrupt(format!(
                "the tensor `{name}` has another length than its shape"
            )));
        }
        at = end;
    }
    if at != length {
        return Err(damaged("it has more data than tensors"));
    }
    Ok((metadata, entries))
}

/// A model that was written from TensorFlow.js.
fn model(
    metadata: &Metadata,
    entries: Entries,
    data: &Weights,
    report: &mut Report,
) -> Result<ModelArtifacts> {
    let part = |key: &str| metadata.get(key).map(|text| Json::parse(text)).transpose();
    let mut model = ModelArtifacts {
        model_topology: part("modelTopology")?,
        format: part("modelFormat")?,
        generated_by: part("generatedBy")?,
        converted_by: part("convertedBy")?,
        training_config: part("trainingConfig")?,
        signature: part("signature")?,
        user_defined_metadata: part("userDefinedMetadata")?,
        model_initializer: part("modelInitializer")?,
        initializer_signature: part("initializerSignature")?,
        ..ModelArtifacts::default()
    };
    if let Some(extra) = part(EXTRA)? {
        let Extra(extra) = extra.read()?;
        model.extra = extra;
    }
    let Some(specs) = part(SPECS)? else {
        // We write specs wherever there are weights; others may not.
        if !entries.is_empty() {
            tensors::join(plain(entries, data, report)?, &mut model)?;
        }
        return Ok(model);
    };
    let specs: Vec<WeightSpec> = specs.read()?;
    let mut found: HashMap<String, Entry> = entries.into_iter().collect();
    let mut all = Vec::with_capacity(specs.len());
    for spec in specs {
        let entry = found
            .remove(&spec.name)
            .filter(|entry| entry.shape == spec.shape && dtype(&spec) == Some(&entry.dtype))
            .ok_or_else(|| {
                Error::corrupt(format!("the weight `{}` is not as the model says", spec.name))
            })?;
        let stored = slice(data, entry.data_offsets.0..entry.data_offsets.1)?;
        all.push(Tensor { spec, stored });
    }
    if !found.is_empty() {
        return Err(Error::corrupt("the file has tensors that its model does not name"));
    }
    tensors::join(all, &mut model)?;
    Ok(model)
}

/// Tensors of anything else.
fn plain(entries: Entries, data: &Weights, report: &mut Report) -> Result<Vec<Tensor>> {
    let mut all = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let number: Number = number(&entry.dtype).ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("the tensor `{name}` has elements of type {}", entry.dtype),
            )
        })?;
        let dtype = number.dtype();
        if number.name() != dtype.name() {
            let (from, to) = (number.name().to_owned(), dtype.name().to_owned());
            report.add_at(Change::Cast { from, to }, &name);
        }
        let stored = slice(data, entry.data_offsets.0..entry.data_offsets.1)?;
        let stored = as_dtype(&name, stored, number, false)?;
        all.push(Tensor { spec: WeightSpec::new(name, entry.shape, dtype), stored });
    }
    Ok(all)
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("the safetensors file is damaged: {what}"))
}
