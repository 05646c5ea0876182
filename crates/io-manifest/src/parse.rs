//! The text of a model file -> its parts.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, printable_name};

use crate::{
    ModelJson, describe_foreign, manifest,
    members::Members,
    parts::{MANIFEST, check_part, part_mut},
};

/// Reads a model file.
///
/// # Errors
///
/// `Corrupt` when it is not a model.
pub(crate) fn parse(bytes: &[u8]) -> Result<ModelJson> {
    let text = text_of(bytes)?;
    let mut members: Members<'_> =
        serde_json::from_str(text).map_err(|error| not_an_object(text, error))?;
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
    if groups.is_none() && artifacts.model_topology.as_ref().is_none_or(Json::is_null) {
        return Err(Error::corrupt(
            "the file is not a model: it has neither `modelTopology` nor `weightsManifest`",
        ));
    }
    artifacts.weight_specs = groups
        .as_ref()
        .map(|groups| groups.iter().flat_map(|group| group.weights.iter().cloned()).collect());
    Ok(ModelJson { artifacts, groups })
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(Error::corrupt("the model file is empty"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let message = match foreign(bytes) {
            Some(what) => format!("the model file is not JSON but {what}"),
            None => "the model file is not UTF-8 text".to_owned(),
        };
        Error::corrupt(message).with_source(error)
    })
}

/// What stands in place of the JSON text.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    describe_foreign(bytes).filter(|what| !what.contains("JSON"))
}

fn not_an_object(text: &str, error: serde_json::Error) -> Error {
    let message = match foreign(text.as_bytes()) {
        _ if error.is_data() => "the model file is not a JSON object".to_owned(),
        Some(what) => format!("the model file is not JSON but {what}"),
        None => "the model file is not JSON".to_owned(),
    };
    let refused = Error::corrupt(message).with_source(error);
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
