//! A model read whole, to compare with another.

use bytes::Bytes;
use io_core::{Json, ModelArtifacts, Result};

use crate::seen::{Outcome, Seen};

/// A model read whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    parts: Vec<(String, Json)>,
    specs: Option<Json>,
    pub(crate) bytes: Option<Bytes>,
}

/// Whether the spelling of JSON counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Equal values are the same: `1.0` and `1`.
    Any,
    /// Equal texts are the same.
    Exact,
}

impl Snapshot {
    /// Reads all of `artifacts`.
    pub(crate) async fn read(artifacts: &ModelArtifacts) -> Result<Self> {
        let fields = [
            ("modelTopology", &artifacts.model_topology),
            ("format", &artifacts.format),
            ("generatedBy", &artifacts.generated_by),
            ("convertedBy", &artifacts.converted_by),
            ("trainingConfig", &artifacts.training_config),
            ("signature", &artifacts.signature),
            ("userDefinedMetadata", &artifacts.user_defined_metadata),
            ("modelInitializer", &artifacts.model_initializer),
            ("initializerSignature", &artifacts.initializer_signature),
        ];
        let known = fields.into_iter().filter_map(|(name, value)| {
            value.as_ref().map(|value| (name.to_owned(), value.clone()))
        });
        let bytes = match &artifacts.weight_data {
            Some(weights) => Some(weights.to_bytes().await?),
            None => None,
        };
        Ok(Self {
            parts: known.chain(artifacts.extra.iter().cloned()).collect(),
            specs: artifacts.weight_specs.as_ref().map(Json::new).transpose()?,
            bytes,
        })
    }

    /// This is `expected`.
    pub(crate) fn is(&self, expected: &Self, spelling: Spelling) -> Outcome {
        let differences = self.differences(expected, spelling);
        ensure!(differences.is_empty(), "a model that differs: {}", differences.join("; "));
        Ok(())
    }

    /// This is one of `expected`, whole; says which.
    pub(crate) fn is_one_of(&self, expected: &[&Self]) -> Outcome<usize> {
        let differences: Vec<_> =
            expected.iter().map(|other| self.differences(other, Spelling::Any)).collect();
        differences.iter().position(Vec::is_empty).ok_or_else(|| {
            let each: Vec<_> = differences.iter().map(|list| list.join("; ")).collect();
            Seen(format!("a model that is none of those saved: {}", each.join(" / ")))
        })
    }

    fn differences(&self, expected: &Self, spelling: Spelling) -> Vec<String> {
        let mut differences = Vec::new();
        let names = |parts: &[(String, Json)]| -> Vec<String> {
            parts.iter().map(|(name, _)| name.clone()).collect()
        };
        if names(&self.parts) == names(&expected.parts) {
            for ((name, found), (_, due)) in self.parts.iter().zip(&expected.parts) {
                differences.extend(json_difference(name, found, due, spelling));
            }
        } else {
            let (found, due) = (names(&self.parts).join(", "), names(&expected.parts).join(", "));
            differences.push(format!("the keys are {found}, not {due}"));
        }
        match (&self.specs, &expected.specs) {
            (Some(found), Some(due)) => {
                differences.extend(json_difference("weightSpecs", found, due, spelling));
            }
            (None, None) => {}
            // An empty list says no more than no list.
            (None, Some(due)) if due.get() == "[]" => {}
            (None, _) => differences.push("there are no weightSpecs".to_owned()),
            (Some(_), _) => differences.push("there are weightSpecs".to_owned()),
        }
        match (&self.bytes, &expected.bytes) {
            (Some(found), Some(due)) => differences.extend(bytes_difference(found, due)),
            (None, None) => {}
            (None, Some(due)) if due.is_empty() => {}
            (None, _) => differences.push("there is no weightData".to_owned()),
            (Some(found), _) => {
                differences.push(format!("there are {} bytes of weightData", found.len()));
            }
        }
        differences
    }
}

fn json_difference(name: &str, found: &Json, due: &Json, spelling: Spelling) -> Option<String> {
    let text = |json: &Json| match spelling {
        Spelling::Exact => json.get().to_owned(),
        Spelling::Any => json.to_js_string().unwrap_or_else(|_| json.get().to_owned()),
    };
    let (found, due) = (text(found), text(due));
    (found != due).then(|| format!("`{name}` is {}, not {}", short(&found), short(&due)))
}

/// Where two runs of bytes differ.
pub(crate) fn bytes_difference(found: &[u8], due: &[u8]) -> Option<String> {
    if found.len() != due.len() {
        return Some(format!("there are {} bytes of weights, not {}", found.len(), due.len()));
    }
    let at = found.iter().zip(due).position(|(found, due)| found != due)?;
    Some(format!("the weights differ from byte {at} on"))
}

/// Enough of a text to know it by.
fn short(text: &str) -> String {
    const LONGEST: usize = 400;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
