//! `modelport ls`.

use futures::StreamExt as _;
use modelport::{ModelEntry, ModelUrl};
use serde::Serialize;

use crate::{
    args::Global,
    failure::{Failure, listed_error_to},
    output::Output,
    text::{date, printable, size},
};

pub(crate) async fn run(global: &Global, url: &str, output: &mut Output) -> Result<(), Failure> {
    let [options] = global.handler_options([url])?;
    let mut models = modelport::list_models_with(url, &options)?;
    let mut all_read = true;
    while let Some(model) = models.next().await {
        match model {
            Ok(entry) => print(&entry, output)?,
            Err(error) => {
                all_read = false;
                listed_error_to(output, &error);
            }
        }
    }
    if all_read { Ok(()) } else { Err(Failure::Reported) }
}

fn print(entry: &ModelEntry, output: &mut Output) -> std::io::Result<()> {
    if output.json() {
        return output.object(&Listed::new(entry)?);
    }
    let info = &entry.info;
    let bytes = [info.model_topology_bytes, info.weight_specs_bytes, info.weight_data_bytes];
    let bytes = bytes.into_iter().fold(0, u64::saturating_add);
    // The URL last: it is the one part of any length, and lines come one by one.
    let url = entry.url.to_string();
    output.line(&format!("{:>10}  {}  {}", size(bytes), date(info.date_saved), printable(&url)))
}

/// An entry as `ls --json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    #[serde(serialize_with = "redacted")]
    url: ModelUrl,
    date_saved: serde_json::Value,
    model_topology_bytes: u64,
    weight_specs_bytes: u64,
    weight_data_bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Listed {
    pub(super) fn new(entry: &ModelEntry) -> serde_json::Result<Self> {
        let mut info = serde_json::to_value(&entry.info)?;
        Ok(Self {
            url: entry.url.clone(),
            date_saved: info.get_mut("dateSaved").map(serde_json::Value::take).unwrap_or_default(),
            model_topology_bytes: entry.info.model_topology_bytes,
            weight_specs_bytes: entry.info.weight_specs_bytes,
            weight_data_bytes: entry.info.weight_data_bytes,
            warnings: entry.warnings.clone(),
        })
    }
}

/// Writes a URL without its credentials.
pub(super) fn redacted<S: serde::Serializer>(url: &ModelUrl, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(url)
}
