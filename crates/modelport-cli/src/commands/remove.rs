//! `modelport rm`.

use super::list::Listed;
use crate::{args::Global, failure::Failure, output::Output, text::printable};

pub(crate) async fn run(global: &Global, url: &str, output: &mut Output) -> Result<(), Failure> {
    let [options] = global.handler_options([url])?;
    let removed = modelport::remove_model_with(url, &options).await?;
    if output.json() {
        output.done_object(&Listed::new(&removed).map_err(std::io::Error::from)?)?;
    } else {
        output.done(&format!("removed {}", printable(&removed.url.to_string())))?;
    }
    output.warnings(&removed.warnings);
    Ok(())
}
