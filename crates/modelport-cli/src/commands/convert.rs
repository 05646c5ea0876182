//! `modelport convert`.

use std::path::Path;

use modelport::{Error, ErrorKind, HandlerOptions, ModelUrl, Operation, Result};
use modelport_convert::{
    Container, Conversion, ConvertOptions, Format, Keras, Output as Converted, Quantize, Source,
    report::{Policy, Report},
};
use serde::Serialize;

use super::list::redacted;
use crate::{
    args::{Convert, Global},
    failure::Failure,
    output::Output,
    progress::Bar,
    text::printable,
};

pub(crate) async fn run(
    global: &Global,
    args: &Convert,
    output: &mut Output,
) -> std::result::Result<(), Failure> {
    let (from, to) = (modelport::url(&args.source)?, modelport::url(&args.destination)?);
    let format = match args.to {
        Some(format) => format,
        None => format_of(&to)?,
    };
    let options = options(args)?;
    let bar = Bar::new(output, "converting");
    let [reading, writing] = args.options(global)?;
    let loading = |error: Error| error.with_context(Operation::Load, &from);
    let source = source(&from, &reading).await.map_err(loading)?;
    let conversion = modelport_convert::convert(source, format, &options).await?;
    bar.tick();
    let handlers = bar.watch(writing);
    let Conversion { output: converted, report } = conversion;
    let (bytes, warnings) = save(&from, &to, converted, &handlers).await?;
    drop(bar);
    output.warnings(&warnings);
    print(&to, format, bytes, &report, output)
}

/// Suffixes of formats that are not written, and that a model of TensorFlow.js is not called by.
const NOT_WRITTEN: [&str; 23] = [
    ".bin",
    ".ckpt",
    ".gguf",
    ".index",
    ".joblib",
    ".mlmodel",
    ".mlpackage",
    ".msgpack",
    ".npy",
    ".npz",
    ".onnx",
    ".pb",
    ".pbtxt",
    ".pickle",
    ".pkl",
    ".pt",
    ".pt2",
    ".pth",
    ".savedmodel",
    ".tar",
    ".tar.gz",
    ".tflite",
    ".zip",
];

/// The format that the name of the destination tells.
fn format_of(to: &ModelUrl) -> Result<Format> {
    let name = to.rest().to_ascii_lowercase();
    if let Some(suffix) = NOT_WRITTEN.into_iter().find(|suffix| name.ends_with(suffix)) {
        let message = format!("`{suffix}` is a format that is not written");
        return Err(Error::new(ErrorKind::Unsupported, message)
            .with_hint("`--to tfjs` writes a model of TensorFlow.js to this name")
            .with_context(Operation::Save, to));
    }
    Ok(Format::of_name(to.rest()))
}

fn options(args: &Convert) -> Result<ConvertOptions> {
    let mut quantize = Quantize::none();
    for rule in &args.quantize {
        quantize.add(rule)?;
    }
    let policy = Policy { strict: args.strict, force: args.force };
    let options = ConvertOptions::new()
        .with_quantize(quantize)
        .with_dequantize(args.dequantize)
        .with_include_optimizer(args.include_optimizer)
        .with_policy(policy)
        .with_allow_unsupported(args.allow_unsupported);
    Ok(match args.keras {
        Some(2) => options.with_keras(Keras::V2),
        Some(3) => options.with_keras(Keras::V3),
        _ => options,
    })
}

/// A file of another format, or a model that its handler loads.
async fn source(from: &ModelUrl, handlers: &HandlerOptions) -> Result<Source> {
    let mut no_file = None;
    match modelport::open_file(from, handlers).await {
        Ok(bytes) => {
            if modelport_convert::container(&bytes).await? != Container::Json {
                return Ok(Source::File(bytes));
            }
        }
        // A directory, a prefix of a bucket, or a place that has models only.
        Err(error) if may_be_a_model(&error) => no_file = Some(error),
        Err(error) => return Err(error),
    }
    match modelport::load_with(from, handlers).await {
        Ok(model) => Ok(Source::Model(model)),
        // Neither is there: what was named is told, not the `model.json` below it.
        Err(error) if error.kind() == ErrorKind::NotFound && error.hint().is_none() => {
            Err(no_file.filter(|error| error.kind() == ErrorKind::NotFound).unwrap_or(error))
        }
        Err(error) => Err(error),
    }
}

fn may_be_a_model(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidUrl
            | ErrorKind::Unsupported
    )
}

/// Saves what was made; gives the bytes of its weights, or of its file, and the warnings of the save.
async fn save(
    from: &ModelUrl,
    to: &ModelUrl,
    converted: Converted,
    handlers: &HandlerOptions,
) -> Result<(u64, Vec<String>)> {
    match converted {
        Converted::Model(model) => {
            let saved = modelport::save_with(to, model, handlers).await?;
            Ok((saved.model_artifacts_info.weight_data_bytes, saved.warnings))
        }
        Converted::File(bytes) => {
            if let (Some(from), Some(path)) = (local(from), local(to))
                && is_same_file(from, path)
            {
                let message = "the source would be overwritten while it is read";
                let error = Error::new(ErrorKind::InvalidInput, message);
                return Err(error.with_context(Operation::Save, to));
            }
            modelport::save_file(to, &bytes, handlers).await?;
            Ok((bytes.byte_length(), Vec::new()))
        }
    }
}

/// The path of a local file.
fn local(url: &ModelUrl) -> Option<&Path> {
    (url.scheme() == "file").then(|| Path::new(url.rest()))
}

fn is_same_file(one: &Path, two: &Path) -> bool {
    matches!((one.canonicalize(), two.canonicalize()), (Ok(one), Ok(two)) if one == two)
}

#[derive(Serialize)]
struct Done<'a> {
    #[serde(serialize_with = "redacted")]
    url: ModelUrl,
    format: &'static str,
    bytes: u64,
    changes: &'a Report,
}

fn print(
    url: &ModelUrl,
    format: Format,
    bytes: u64,
    report: &Report,
    output: &mut Output,
) -> std::result::Result<(), Failure> {
    if output.json() {
        let url = url.clone();
        output.done_object(&Done { url, format: format.name(), bytes, changes: report })?;
        return Ok(());
    }
    for line in report.to_string().lines() {
        output.done(&printable(line))?;
    }
    let size = crate::text::size(bytes);
    output.done(&format!("converted {size} to {}", printable(&url.to_string())))?;
    Ok(())
}
