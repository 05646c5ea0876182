//! `modelport cp` and `modelport mv`.

use modelport::{ModelArtifactsInfo, ModelUrl, SaveResult};
use serde::Serialize;

use super::list::redacted;
use crate::{
    args::{Global, Transfer},
    failure::Failure,
    output::Output,
    progress::Bar,
    text::{printable, size},
};

pub(crate) async fn copy(
    global: &Global,
    args: &Transfer,
    output: &mut Output,
) -> Result<(), Failure> {
    let bar = Bar::new(output, "copying");
    let mut options = args.options(global)?;
    options.destination = bar.watch(options.destination);
    bar.tick();
    let saved = modelport::copy_model_with(&args.source, &args.destination, &options).await?;
    drop(bar);
    print("copied", &saved, output)
}

pub(crate) async fn shift(
    global: &Global,
    args: &Transfer,
    output: &mut Output,
) -> Result<(), Failure> {
    let bar = Bar::new(output, "moving");
    let mut options = args.options(global)?;
    options.destination = bar.watch(options.destination);
    bar.tick();
    let saved = modelport::move_model_with(&args.source, &args.destination, &options).await?;
    drop(bar);
    print("moved", &saved, output)
}

#[derive(Serialize)]
struct Saved<'a> {
    #[serde(serialize_with = "redacted")]
    url: ModelUrl,
    #[serde(flatten)]
    info: &'a ModelArtifactsInfo,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

fn print(done: &str, saved: &SaveResult, output: &mut Output) -> Result<(), Failure> {
    let info = &saved.model_artifacts_info;
    if output.json() {
        let (url, warnings) = (saved.url.clone(), &*saved.warnings);
        output.done_object(&Saved { url, info, warnings })?;
    } else {
        let (bytes, url) = (size(info.weight_data_bytes), saved.url.to_string());
        output.done(&format!("{done} {bytes} of weights to {}", printable(&url)))?;
    }
    output.warnings(&saved.warnings);
    Ok(())
}
