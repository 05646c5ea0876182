//! `modelport verify`.

use modelport::{ModelUrl, VerifyReport};
use serde::Serialize;

use super::list::redacted;
use crate::{
    args::Global,
    failure::Failure,
    output::Output,
    progress::Bar,
    text::{count, printable, size},
};

#[derive(Serialize)]
struct Verified {
    #[serde(serialize_with = "redacted")]
    url: ModelUrl,
    weights: u64,
    bytes: u64,
}

pub(crate) async fn run(global: &Global, url: &str, output: &mut Output) -> Result<(), Failure> {
    let [options] = global.handler_options([url])?;
    let url = modelport::url(url)?;
    let bar = Bar::new(output, "verifying");
    let options = bar.watch(options);
    let VerifyReport { weights, bytes, .. } = modelport::verify_model_with(&url, &options).await?;
    drop(bar);
    if output.json() {
        output.done_object(&Verified { url, weights, bytes })?;
    } else {
        let (weights, bytes) = (count(weights, "weight"), size(bytes));
        output.done(&format!("{} is sound: {weights}, {bytes}", printable(&url.to_string())))?;
    }
    Ok(())
}
