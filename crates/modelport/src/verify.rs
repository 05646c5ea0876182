//! Reading a model whole and saying whether it is sound.

use futures::TryStreamExt;
use io_core::{Error, HandlerOptions, ModelArtifacts, Operation, Result, Weights};

use crate::{IntoModelUrl, advice, manifest, registry};

/// What a verified model has.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many weights were read.
    pub weights: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
}

/// Reads the model at `url` to its last byte and checks all that can be checked: its JSON, the specs
/// of its weights, their lengths, the strings among them, and checksums where the model has them.
///
/// A model without weights whose topology needs some is not sound: TensorFlow.js loads it with random
/// weights, or not at all.
///
/// # Errors
///
/// - `Corrupt`: the model is damaged, or has no weights though its topology needs some.
/// - those of [`load`](crate::load) and of the stream of its weights.
pub async fn verify_model(url: impl IntoModelUrl) -> Result<VerifyReport> {
    verify_model_with(url, &HandlerOptions::new()).await
}

/// [`verify_model`] with options; checksums are verified whatever they say.
///
/// # Errors
///
/// Those of [`verify_model`].
pub async fn verify_model_with(
    url: impl IntoModelUrl,
    options: &HandlerOptions,
) -> Result<VerifyReport> {
    let url = url.into_model_url()?;
    let options = options.clone().with_verify(true);
    let model = advice::load(&*registry()?.handler(&url, &options)?).await?;
    refuse_missing_weights(&model).map_err(|error| error.with_context(Operation::Verify, &url))?;
    let mut report = VerifyReport { weights: 0, bytes: 0 };
    // A model with only one of the two is checked against an empty list of the other.
    let specs = model.weight_specs.unwrap_or_default();
    let weights = model.weight_data.unwrap_or_else(|| Weights::from_parts([]));
    let mut pieces = manifest::tensor_pieces(specs, weights.stream());
    while let Some(piece) =
        pieces.try_next().await.map_err(|error| error.with_context(Operation::Verify, &url))?
    {
        report.weights += u64::from(piece.last);
        report.bytes += piece.stored.len() as u64;
    }
    Ok(report)
}

/// Refuses a model that has no weights though its topology needs some.
///
/// # Errors
///
/// `Corrupt` for such a model.
pub(crate) fn refuse_missing_weights(model: &ModelArtifacts) -> Result<()> {
    match manifest::describe_missing_weights(model) {
        None => Ok(()),
        Some(what) => Err(Error::corrupt(format!("the model has no weights, but {what}"))
            .with_hint(
                "save the model together with its weights; a topology alone starts with random ones",
            )),
    }
}
