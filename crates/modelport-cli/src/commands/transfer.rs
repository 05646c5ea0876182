//! `modelport cp` and `modelport mv`.

use modelport::{
    ModelArtifactsInfo, ModelUrl, SaveResult, TransferOptions,
    companions::{
        SavedWithFiles, companion_files, copy_model_with_files, move_model_with_files, share_files,
    },
};
use serde::Serialize;

use super::list::redacted;
use crate::{
    args::{Global, Transfer},
    failure::Failure,
    output::Output,
    progress::Bar,
    text::{self, printable, size},
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
    let (from, to) = (modelport::url(&args.source)?, modelport::url(&args.destination)?);
    let done = if args.with_files {
        Done::from(copy_model_with_files(&from, &to, &options).await?)
    } else {
        let saved = modelport::copy_model_with(&from, &to, &options).await?;
        Done::new(saved, left_behind(&from, &to, &options).await)
    };
    drop(bar);
    done.print("copied", output)
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
    let (from, to) = (modelport::url(&args.source)?, modelport::url(&args.destination)?);
    let done = if args.with_files {
        Done::from(move_model_with_files(&from, &to, &options).await?)
    } else if from.scheme() == "file" {
        // Which folder it is may show only while the model file is there.
        let left_behind = left_behind(&from, &to, &options).await;
        Done::new(modelport::move_model_with(&from, &to, &options).await?, left_behind)
    } else {
        let saved = modelport::move_model_with(&from, &to, &options).await?;
        Done::new(saved, left_behind(&from, &to, &options).await)
    };
    drop(bar);
    done.print("moved", output)
}

/// The files beside the source that stay there; none where the store cannot list them, since they are
/// no part of the model.
async fn left_behind(from: &ModelUrl, to: &ModelUrl, options: &TransferOptions) -> Vec<String> {
    if share_files(from, to) {
        return Vec::new();
    }
    companion_files(from, &options.source).await.unwrap_or_default()
}

/// What was done, as it is reported.
struct Done {
    saved: SaveResult,
    left_behind: Vec<String>,
    files: Vec<String>,
}

impl From<SavedWithFiles> for Done {
    fn from(SavedWithFiles { saved, files, .. }: SavedWithFiles) -> Self {
        Self { saved, left_behind: Vec::new(), files }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved<'a> {
    #[serde(serialize_with = "redacted")]
    url: ModelUrl,
    #[serde(flatten)]
    info: &'a ModelArtifactsInfo,
    /// Files beside the model that were taken along.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    files: &'a [String],
    /// Files beside the model that were not.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    left_behind: &'a [String],
    /// What stayed where it was, although it should not have.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

impl Done {
    fn new(saved: SaveResult, left_behind: Vec<String>) -> Self {
        Self { saved, left_behind, files: Vec::new() }
    }

    fn print(&self, done: &str, output: &mut Output) -> Result<(), Failure> {
        let Self { saved, left_behind, files } = self;
        let info = &saved.model_artifacts_info;
        if output.json() {
            let (url, warnings) = (saved.url.clone(), &*saved.warnings);
            output.done_object(&Saved { url, info, files, left_behind, warnings })?;
            output.warnings(&saved.warnings);
            return Ok(());
        }
        let (bytes, url) = (size(info.weight_data_bytes), saved.url.to_string());
        let with = match files.len() as u64 {
            0 => String::new(),
            count => format!(" and {} beside them", text::count(count, "file")),
        };
        output.done(&format!("{done} {bytes} of weights{with} to {}", printable(&url)))?;
        // `[]` has two bytes.
        if info.weight_data_bytes == 0 && info.weight_specs_bytes <= 2 {
            output.warning("the model has no weights");
        }
        if !left_behind.is_empty() {
            output.warning(&format!(
                "not part of the model and left behind: {}; `--with-files` takes them along",
                names(left_behind)
            ));
        }
        output.warnings(&saved.warnings);
        Ok(())
    }
}

/// How many names are printed.
const MOST_NAMED: usize = 5;

fn names(all: &[String]) -> String {
    let named: Vec<_> = all.iter().take(MOST_NAMED).map(|name| printable(name)).collect();
    match all.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
