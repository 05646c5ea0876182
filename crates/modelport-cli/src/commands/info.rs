//! `modelport info`.

use futures::TryStreamExt as _;
use modelport::{
    Json, ModelArtifacts, ModelUrl, Operation, Result, WeightSpec, Weights, manifest::tensor_pieces,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{list::redacted, show};
use crate::{args::Global, failure::Failure, output::Output, progress::Bar};

/// A model as `info --json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelInfo {
    #[serde(serialize_with = "redacted")]
    pub(super) url: ModelUrl,
    pub(super) format: Option<Json>,
    pub(super) generated_by: Option<Json>,
    pub(super) converted_by: Option<Json>,
    #[serde(flatten)]
    pub(super) sizes: Sizes,
    pub(super) weights: Vec<WeightInfo>,
}

/// Sizes without the date, which only a store knows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sizes {
    model_topology_type: String,
    pub(super) model_topology_bytes: u64,
    pub(super) weight_specs_bytes: u64,
    pub(super) weight_data_bytes: u64,
}

#[derive(Serialize)]
pub(super) struct WeightInfo {
    pub(super) name: String,
    pub(super) shape: Vec<u64>,
    pub(super) dtype: modelport::DType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quantization: Option<Json>,
    /// As they are stored.
    pub(super) bytes: u64,
    /// Of the decoded bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

pub(crate) async fn run(
    global: &Global,
    url: &str,
    digest: bool,
    output: &mut Output,
) -> std::result::Result<(), Failure> {
    let [options] = global.handler_options([url])?;
    let url = modelport::url(url)?;
    let bar = Bar::new(output, "reading");
    // Without digests hardly anything is read, and a bar would only flicker.
    let options = if digest { bar.watch(options) } else { options };
    let model = modelport::load_with(&url, &options).await?;
    let context = |error: modelport::Error| error.with_context(Operation::Load, &url);
    let sizes = sizes(&model).map_err(context)?;
    let [format, generated_by, converted_by] =
        [&model.format, &model.generated_by, &model.converted_by]
            .map(|part| compact(part.as_ref()));
    let info = ModelInfo {
        format: format.map_err(context)?,
        generated_by: generated_by.map_err(context)?,
        converted_by: converted_by.map_err(context)?,
        sizes,
        weights: weights(model, digest).await.map_err(context)?,
        url,
    };
    drop(bar);
    if output.json() {
        output.object(&info)?;
    } else {
        show::model(&info, output)?;
    }
    Ok(())
}

fn sizes(model: &ModelArtifacts) -> Result<Sizes> {
    let info = model.info()?;
    Ok(Sizes {
        model_topology_type: info.model_topology_type,
        model_topology_bytes: info.model_topology_bytes,
        weight_specs_bytes: info.weight_specs_bytes,
        weight_data_bytes: info.weight_data_bytes,
    })
}

/// The weights; their bytes are read only for what nothing else tells.
async fn weights(model: ModelArtifacts, digest: bool) -> Result<Vec<WeightInfo>> {
    let specs = model.weight_specs.unwrap_or_default();
    let mut weights = Vec::new();
    let lengths: Result<Vec<_>> = specs.iter().map(WeightSpec::byte_length).collect();
    let lengths: Option<Vec<u64>> = lengths?.into_iter().collect();
    if let (Some(lengths), false) = (lengths, digest) {
        for (spec, bytes) in specs.into_iter().zip(lengths) {
            weights.push(weight(spec, bytes, None)?);
        }
        return Ok(weights);
    }
    let data = model.weight_data.unwrap_or_else(|| Weights::from_parts([]));
    let mut pieces = tensor_pieces(specs.clone(), data.stream());
    let (mut bytes, mut hasher) = (0, Sha256::new());
    while let Some(piece) = pieces.try_next().await? {
        let Some(spec) = specs.get(piece.weight) else { break };
        bytes += piece.stored.len() as u64;
        if digest {
            hasher.update(piece.decode(spec)?);
        }
        if piece.last {
            let sum = hasher.finalize_reset();
            weights.push(weight(spec.clone(), bytes, digest.then(|| hex(&sum)))?);
            bytes = 0;
        }
    }
    Ok(weights)
}

fn weight(spec: WeightSpec, bytes: u64, sha256: Option<String>) -> Result<WeightInfo> {
    let quantization = spec.quantization.as_ref().map(Json::new).transpose()?;
    Ok(WeightInfo {
        name: spec.name,
        shape: spec.shape,
        dtype: spec.dtype,
        group: spec.group,
        quantization: compact(quantization.as_ref())?,
        bytes,
        sha256,
    })
}

/// The same value without white space: an object of ours is one line.
fn compact(json: Option<&Json>) -> Result<Option<Json>> {
    json.map(|json| Json::parse(&json.to_js_string()?)).transpose()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
