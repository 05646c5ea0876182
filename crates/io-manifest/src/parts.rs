//! The JSON parts of a model: which key holds which, and of what shape it is.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result};

/// The key of the weights manifest.
pub(crate) const MANIFEST: &str = "weightsManifest";

/// The part of `artifacts` that is called `key` in a model file.
pub(crate) fn part_mut<'a>(
    artifacts: &'a mut ModelArtifacts,
    key: &str,
) -> Option<&'a mut Option<Json>> {
    Some(match key {
        "modelTopology" => &mut artifacts.model_topology,
        "format" => &mut artifacts.format,
        "generatedBy" => &mut artifacts.generated_by,
        "convertedBy" => &mut artifacts.converted_by,
        "trainingConfig" => &mut artifacts.training_config,
        "signature" => &mut artifacts.signature,
        "userDefinedMetadata" => &mut artifacts.user_defined_metadata,
        "modelInitializer" => &mut artifacts.model_initializer,
        "initializerSignature" => &mut artifacts.initializer_signature,
        _ => return None,
    })
}

/// The part of `artifacts` that is called `key` in a model file.
pub(crate) fn part<'a>(artifacts: &'a ModelArtifacts, key: &str) -> Option<&'a Json> {
    match key {
        "modelTopology" => artifacts.model_topology.as_ref(),
        "format" => artifacts.format.as_ref(),
        "generatedBy" => artifacts.generated_by.as_ref(),
        "convertedBy" => artifacts.converted_by.as_ref(),
        "trainingConfig" => artifacts.training_config.as_ref(),
        "signature" => artifacts.signature.as_ref(),
        "userDefinedMetadata" => artifacts.user_defined_metadata.as_ref(),
        "modelInitializer" => artifacts.model_initializer.as_ref(),
        "initializerSignature" => artifacts.initializer_signature.as_ref(),
        _ => None,
    }
}

/// Refuses a part that is of another shape than `key` has.
///
/// # Errors
///
/// `kind` when the shape is wrong.
pub(crate) fn check_part(key: &str, value: &Json, kind: ErrorKind) -> Result<()> {
    let (first, shape) = match key {
        "format" | "generatedBy" | "convertedBy" => ('"', "a string"),
        // Users store what they like.
        "userDefinedMetadata" => return Ok(()),
        _ => ('{', "an object"),
    };
    if value.is_null() || value.get().starts_with(first) {
        Ok(())
    } else {
        Err(Error::new(kind, format!("the key `{key}` of the model file is not {shape}")))
    }
}
