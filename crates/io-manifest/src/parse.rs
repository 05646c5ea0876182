//! The text of a model file -> its parts.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, printable_name};
use serde_json::value::RawValue;

use crate::{
    ModelJson, WeightsGroup, describe_foreign, elsewhere, foreign_hint, manifest,
    members::Members,
    parts::{MANIFEST, check_part, part_mut},
};

/// Reads a model file, or a weights manifest that stands alone.
///
/// # Errors
///
/// `Corrupt` when it is not a model.
pub(crate) fn parse(bytes: &[u8]) -> Result<ModelJson> {
    let text = text_of(bytes)?;
    if text.trim_ascii_start().starts_with('[') {
        return parse_bare(text);
    }
    let mut members: Members<'_> =
        serde_json::from_str(text).map_err(|error| not_an_object(text, &error))?;
    let groups = match members.take(MANIFEST).filter(|manifest| manifest.get() != "null") {
        Some(manifest) => manifest::read(manifest)?,
        None => None,
    };

    let mut artifacts = ModelArtifacts::default();
    for (key, value) in members.0 {
        let value = Json::parse(value.get()).map_err(|error| {
            Error::corrupt(format!(
                "the key `{}` of the model file cannot be read",
                printable_name(&key)
            ))
            .with_source(error)
        })?;
        match part_mut(&mut artifacts, &key) {
            Some(part) => {
                check_part(&key, &value, ErrorKind::Corrupt)?;
                *part = Some(value);
            }
            None => artifacts.extra.push((key, value)),
        }
    }
    if groups.iter().flatten().all(|group| group.weights.is_empty()) {
        elsewhere::refuse(&artifacts.extra, ErrorKind::Corrupt)?;
    }
    if groups.is_none() && artifacts.model_topology.as_ref().is_none_or(Json::is_null) {
        return Err(not_a_model(&artifacts.extra));
    }
    Ok(with_groups(artifacts, groups))
}

/// Reads the text of a weights manifest: the array that face-api.js, Magenta and TensorFlow.js 0.x
/// have in a file of its own.
fn parse_bare(text: &str) -> Result<ModelJson> {
    let not_a_manifest = || match serde_json::from_str::<Members<'_>>(text) {
        Ok(_) => Error::corrupt("the model file is not a JSON object"),
        Err(error) => not_an_object(text, &error),
    };
    let entries: Vec<Members<'_>> = serde_json::from_str(text).map_err(|error| {
        // An array of anything else is JSON as a whole.
        if error.is_data() { not_a_manifest() } else { not_an_object(text, &error) }
    })?;
    let is_group = |entry: &Members<'_>| entry.has("paths") && entry.has("weights");
    if entries.is_empty() || !entries.iter().all(is_group) {
        return Err(not_a_manifest().with_hint(
            "an array is a model only if it is a weights manifest, of groups with `paths` and \
             `weights`",
        ));
    }
    let manifest: &RawValue = serde_json::from_str(text).map_err(|_| not_a_manifest())?;
    Ok(with_groups(ModelArtifacts::default(), manifest::read(manifest)?))
}

fn with_groups(mut artifacts: ModelArtifacts, groups: Option<Vec<WeightsGroup>>) -> ModelJson {
    artifacts.weight_specs = groups
        .as_ref()
        .map(|groups| groups.iter().flat_map(|group| group.weights.iter().cloned()).collect());
    ModelJson { artifacts, groups }
}

fn not_a_model(extra: &[(String, Json)]) -> Error {
    let refused = Error::corrupt(
        "the file is not a model: it has neither `modelTopology` nor `weightsManifest`",
    );
    let has = |key: &str| extra.iter().any(|(name, _)| name == key);
    if has("class_name") && has("config") {
        refused.with_hint(
            "it looks like what Keras' `to_json` gives, a topology without weights; save the whole \
             model as .keras or .h5 and convert that",
        )
    } else if has("labels") || has("tfjsVersion") {
        refused.with_hint("it looks like the metadata of a model; name the `model.json` beside it")
    } else {
        refused
    }
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(Error::corrupt("the model file is empty"));
    }
    // Some text in UTF-16 is UTF-8 too, with a NUL after each character.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => return Ok(text),
        text => text,
    };
    if let Some(error) = not_json(bytes) {
        return Err(error);
    }
    text.map_err(|error| {
        let refused = Error::corrupt("the model file is not UTF-8 text");
        // Of a file that does not even begin as text, no position helps.
        if error.valid_up_to() == 0 { refused } else { refused.with_source(error) }
    })
}

/// The error of a file that is recognized as something other than JSON.
fn not_json(bytes: &[u8]) -> Option<Error> {
    let what = describe_foreign(bytes).filter(|what| !what.contains("JSON"))?;
    let error = Error::corrupt(format!("the model file is not JSON but {what}"));
    Some(match foreign_hint(bytes) {
        Some(hint) => error.with_hint(hint),
        None => error,
    })
}

fn not_an_object(text: &str, error: &serde_json::Error) -> Error {
    if error.is_data() {
        // The position is that of the first value.
        return Error::corrupt("the model file is not a JSON object")
            .with_source(manifest::reason(error));
    }
    if let Some(error) = not_json(text.as_bytes()) {
        return error;
    }
    let refused = Error::corrupt("the model file is not JSON");
    // Where it does not even begin as JSON does, there is no position to look at.
    let refused = if text.trim_ascii_start().starts_with(['{', '[']) {
        refused.with_source(error.to_string())
    } else {
        refused
    };
    if has_non_finite_token(text) {
        refused.with_hint(
            "it holds NaN or Infinity, which Python's json module writes but JSON does not have",
        )
    } else {
        refused
    }
}

/// Whether `NaN` or `Infinity` stands outside strings.
fn has_non_finite_token(text: &str) -> bool {
    let (mut rest, mut in_string) = (text.as_bytes(), false);
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            // What is escaped never ends a string.
            b'\\' if in_string => rest = after.get(1..).unwrap_or_default(),
            b'"' => (in_string, rest) = (!in_string, after),
            _ if !in_string && (rest.starts_with(b"NaN") || rest.starts_with(b"Infinity")) => {
                return true;
            }
            _ => rest = after,
        }
    }
    false
}
