//! Whether two models have the same parts, all but the bytes of their weights.

use std::collections::BTreeMap;

use io_core::{Error, Json, ModelArtifacts, Result};

/// Fails with the name of the first part that differs.
///
/// JSON is compared as JavaScript would print it: a place may keep a value in its own spelling.
/// Weights that are absent and no weights are the same.
pub(super) fn same_parts(original: &ModelArtifacts, copied: &ModelArtifacts) -> Result<()> {
    for ((name, expected), (_, found)) in parts(original).into_iter().zip(parts(copied)) {
        if js_text(expected)? != js_text(found)? {
            return Err(differs(&format!("`{name}`")));
        }
    }
    if js_texts(&original.extra)? != js_texts(&copied.extra)? {
        return Err(differs("a key of its own"));
    }
    if specs(original)? != specs(copied)? {
        return Err(differs("the list of weights"));
    }
    let (expected, found) = (original.weight_data_bytes(), copied.weight_data_bytes());
    if expected != found {
        return Err(Error::corrupt(format!("it has {found} bytes of weights, not {expected}")));
    }
    Ok(())
}

fn differs(part: &str) -> Error {
    Error::corrupt(format!("{part} is not that of the source"))
}

fn parts(model: &ModelArtifacts) -> [(&'static str, Option<&Json>); 9] {
    // By name, so that a new field cannot be forgotten.
    let ModelArtifacts {
        model_topology,
        format,
        generated_by,
        converted_by,
        weight_specs: _,
        weight_data: _,
        training_config,
        signature,
        user_defined_metadata,
        model_initializer,
        initializer_signature,
        extra: _,
    } = model;
    [
        ("modelTopology", model_topology.as_ref()),
        ("format", format.as_ref()),
        ("generatedBy", generated_by.as_ref()),
        ("convertedBy", converted_by.as_ref()),
        ("trainingConfig", training_config.as_ref()),
        ("signature", signature.as_ref()),
        ("userDefinedMetadata", user_defined_metadata.as_ref()),
        ("modelInitializer", model_initializer.as_ref()),
        ("initializerSignature", initializer_signature.as_ref()),
    ]
}

fn js_text(json: Option<&Json>) -> Result<Option<String>> {
    json.map(Json::to_js_string).transpose()
}

fn js_texts(entries: &[(String, Json)]) -> Result<BTreeMap<&str, String>> {
    entries.iter().map(|(key, value)| Ok((key.as_str(), value.to_js_string()?))).collect()
}

fn specs(model: &ModelArtifacts) -> Result<String> {
    Json::new(&model.weight_specs.as_deref().unwrap_or_default())?.to_js_string()
}

#[cfg(test)]
mod tests {
    use super::same_parts;
    use io_core::{Json, ModelArtifacts, WeightSpec, Weights};

    fn json(text: &str) -> Option<Json> {
        Some(Json::parse(text).unwrap())
    }

    #[test]
    fn spelling_does_not_count_and_values_do() {
        let model = ModelArtifacts {
            model_topology: json(r#"{"a": 1.0, "b": [1e2]}"#),
            converted_by: json("null"),
            extra: vec![("x".into(), Json::from("y")), ("z".into(), Json::from("y"))],
            ..ModelArtifacts::default()
        };
        let mut respelled = model.clone();
        respelled.model_topology = json(r#"{"a":1,"b":[100]}"#);
        respelled.extra.reverse();
        respelled.weight_specs = Some(Vec::new());
        respelled.weight_data = Some(Weights::from(Vec::new()));
        same_parts(&model, &respelled).unwrap();

        type Change = fn(&mut ModelArtifacts);
        let changes: [(&str, Change); 6] = [
            ("modelTopology", |model| model.model_topology = json(r#"{"a":2}"#)),
            ("convertedBy", |model| model.converted_by = None),
            ("signature", |model| model.signature = json("{}")),
            ("a key", |model| model.extra.truncate(1)),
            ("list", |model| {
                let spec = WeightSpec::new("w", [0], io_core::DType::Bool);
                model.weight_specs = Some(vec![spec]);
            }),
            ("1 bytes", |model| model.weight_data = Some(Weights::from(vec![0]))),
        ];
        for (part, change) in changes {
            let mut other = model.clone();
            change(&mut other);
            let error = same_parts(&model, &other).unwrap_err();
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
    }
}
