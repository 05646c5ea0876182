//! The flow of a conversion: what is read becomes a model of TensorFlow.js, what is written is made
//! of one.

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, Weights};

use crate::{
    Container, ConvertOptions, Format, Keras, container,
    format::FileFormat,
    keras, passing, quantize,
    report::{Change, Report},
    safetensors,
    tensors::{self, Tensor},
    topology::Dialect,
};

/// What is converted: a model, or the bytes of a file.
#[derive(Clone, Debug)]
pub enum Source {
    /// A model of TensorFlow.js, as any handler loads it.
    Model(ModelArtifacts),
    /// A file of another format, wherever it is; it is told by its content.
    File(Weights),
}

/// What a conversion gives. Nothing is read of the weights but what had to be; the rest is read and
/// converted as the result is.
#[derive(Clone, Debug)]
pub enum Output {
    /// A model of TensorFlow.js, for any handler to save.
    Model(ModelArtifacts),
    /// The bytes of a file.
    File(Weights),
}

/// A conversion that is ready to be saved.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The result.
    pub output: Output,
    /// What was changed.
    pub report: Report,
}

/// Converts `source` to `format`.
///
/// Memory is bounded by the topology and the largest weight, and only where a weight has to be
/// unpacked; all others stream through.
///
/// # Errors
///
/// - `Corrupt`: the source is damaged or no model.
/// - `Unsupported`: the source has what cannot be converted, or what the options refuse.
/// - `InvalidInput`: the options do not fit the format.
/// - what reading the source fails with.
pub async fn convert(
    source: Source,
    format: Format,
    options: &ConvertOptions,
) -> Result<Conversion> {
    let mut report = Report::new();
    check_options(format, options)?;
    if let (Source::File(bytes), Some(file)) = (&source, format.file())
        && let Some(written) = keras::same_keras(bytes, file, options, &mut report).await?
    {
        options.check(&report, format)?;
        return Ok(Conversion { output: Output::File(written), report });
    }
    let (mut model, from_keras) = match source {
        Source::Model(model) => (model, false),
        Source::File(bytes) => read(bytes, options, &mut report).await?,
    };
    let through = from_keras && !matches!(format, Format::Tfjs | Format::Safetensors);
    let aside = if through { passing::set_aside(&mut report) } else { Vec::new() };
    options.check(&report, format)?;
    change_weights(&mut model, format, options).await?;
    let output = match format.file() {
        None => {
            if model.model_topology.as_ref().is_none_or(Json::is_null) {
                report.add(Change::WeightsAlone);
            }
            Output::Model(model)
        }
        Some(format) => Output::File(write(model, format, options, &mut report).await?),
    };
    passing::settle(&mut report, aside);
    options.check(&report, format)?;
    Ok(Conversion { output, report })
}

/// The model in a file, and whether Keras has written it.
async fn read(
    bytes: Weights,
    options: &ConvertOptions,
    report: &mut Report,
) -> Result<(ModelArtifacts, bool)> {
    let include_optimizer = options.include_optimizer;
    match container(&bytes).await? {
        Container::Hdf5 => Ok((keras::read_hdf5(bytes, include_optimizer, report).await?, true)),
        Container::Zip => Ok((keras::read_archive(bytes, include_optimizer, report).await?, true)),
        Container::Safetensors => Ok((safetensors::read(bytes, report).await?, false)),
        Container::Json => Err(Error::new(
            ErrorKind::InvalidInput,
            "a model.json is a model with weights beside it, not a file of its own",
        )),
    }
}

async fn write(
    model: ModelArtifacts,
    format: FileFormat,
    options: &ConvertOptions,
    report: &mut Report,
) -> Result<Weights> {
    let dialect = |default| match options.keras.unwrap_or(default) {
        Keras::V2 => Dialect::Keras2,
        Keras::V3 => Dialect::Keras3,
    };
    match format {
        FileFormat::Safetensors => safetensors::write(&model).await,
        FileFormat::H5 { whole } => {
            let dialect = dialect(Keras::V2);
            keras::write_legacy(model, whole, dialect, options.include_optimizer, report).await
        }
        FileFormat::Keras | FileFormat::KerasWeights if options.keras == Some(Keras::V2) => {
            let message = "a `.keras` file is for Keras 3";
            Err(Error::new(ErrorKind::InvalidInput, message)
                .with_hint("`.h5` is the format of Keras 2"))
        }
        FileFormat::Keras => keras::write_archive(model, options.include_optimizer, report).await,
        FileFormat::KerasWeights => keras::write_store(model, report).await,
    }
}

/// Refuses options that the format has no use for.
fn check_options(format: Format, options: &ConvertOptions) -> Result<()> {
    if has_plain_weights(format) && !options.quantize.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("a model in the format `{format}` cannot be quantized"),
        ));
    }
    Ok(())
}

/// Whether the weights of a format are never quantized as TensorFlow.js does it.
fn has_plain_weights(format: Format) -> bool {
    !matches!(format, Format::Tfjs | Format::Safetensors)
}

/// Quantizes and dequantizes as asked.
async fn change_weights(
    model: &mut ModelArtifacts,
    format: Format,
    options: &ConvertOptions,
) -> Result<()> {
    let plain = has_plain_weights(format);
    let quantized = |tensor: &Tensor| tensor.spec.quantization.is_some();
    if options.quantize.is_empty() && !options.dequantize && !plain {
        return Ok(());
    }
    let mut changed = Vec::new();
    for tensor in tensors::split(model).await? {
        // An optimizer would go on from somewhere else.
        let rule =
            if tensor.is_of_optimizer() { None } else { options.quantize.of(&tensor.spec.name)? };
        let tensor = if quantized(&tensor) && (plain || options.dequantize || rule.is_some()) {
            quantize::dequantize(tensor)?
        } else {
            tensor
        };
        changed.push(match rule {
            Some(dtype) => quantize::quantize(tensor, dtype).await?,
            None => tensor,
        });
    }
    tensors::join(changed, model)
}
