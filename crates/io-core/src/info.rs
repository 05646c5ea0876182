//! Sizes and date of a stored model (`tf.io.ModelArtifactsInfo`).

use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Json, ModelArtifacts, Result, printable_date};

/// Sizes and date of a stored model, in the JSON form of TensorFlow.js.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelArtifactsInfo {
    /// When the model was saved, to the millisecond.
    #[serde(serialize_with = "write_date", deserialize_with = "read_date")]
    pub date_saved: SystemTime,
    /// Always `JSON`.
    pub model_topology_type: String,
    /// UTF-8 bytes of the topology as `JSON.stringify` prints it.
    #[serde(default)]
    pub model_topology_bytes: u64,
    /// UTF-8 bytes of the weight specs as `JSON.stringify` prints them.
    #[serde(default)]
    pub weight_specs_bytes: u64,
    /// Bytes of the weights.
    #[serde(default)]
    pub weight_data_bytes: u64,
}

impl ModelArtifactsInfo {
    /// Sizes of the parts of `artifacts`, saved at `date_saved`.
    ///
    /// # Errors
    ///
    /// `Corrupt` when a part has no JSON form.
    pub fn new(artifacts: &ModelArtifacts, date_saved: SystemTime) -> Result<Self> {
        let topology = artifacts.model_topology.as_ref().filter(|topology| !topology.is_null());
        let specs = artifacts.weight_specs.as_ref().map(Json::new).transpose()?;
        let js_bytes = |json: Option<&Json>| -> Result<u64> {
            json.map_or(Ok(0), |json| Ok(json.to_js_string()?.len() as u64))
        };
        Ok(Self {
            date_saved,
            model_topology_type: "JSON".to_owned(),
            model_topology_bytes: js_bytes(topology)?,
            weight_specs_bytes: js_bytes(specs.as_ref())?,
            weight_data_bytes: artifacts.weight_data_bytes(),
        })
    }
}

/// The current time, on every target.
pub fn now() -> SystemTime {
    #[cfg(not(target_family = "wasm"))]
    return SystemTime::now();
    #[cfg(target_family = "wasm")]
    return web_time::web::SystemTimeExt::to_std(web_time::SystemTime::now());
}

fn write_date<S: Serializer>(date: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(printable_date(*date)))
}

fn read_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_rfc3339(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::ModelArtifactsInfo;
    use crate::ModelArtifacts;
    use std::time::{Duration, SystemTime};

    #[test]
    fn has_the_json_form_of_tensorflow_js() {
        let text = r#"{"dateSaved":"2026-11-22T18:18:01.654Z","modelTopologyType":"JSON","modelTopologyBytes":1018,"weightSpecsBytes":205,"weightDataBytes":92}"#;
        let info: ModelArtifactsInfo = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&info).unwrap(), text);
    }

    #[test]
    fn a_date_that_cannot_be_printed_is_the_nearest_that_can() {
        let artifacts = ModelArtifacts::default();
        for (seconds, printed) in [
            (i64::MIN / 4_000_000_000, "1970-01-01T00:00:00.000Z"),
            (300_000_000_000, "9999-12-31T23:59:59.000Z"),
        ] {
            let since = Duration::from_secs(seconds.unsigned_abs());
            let epoch = SystemTime::UNIX_EPOCH;
            let date = if seconds < 0 { epoch - since } else { epoch + since };
            let info = ModelArtifactsInfo::new(&artifacts, date).unwrap();
            assert!(serde_json::to_string(&info).unwrap().contains(printed), "{printed}");
        }
    }
}
