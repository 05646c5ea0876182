//! Converting between TensorFlow.js, Keras and safetensors, as JavaScript calls it.
//!
//! What is converted is a file (a buffer, a view or a `Blob`, told by its content), the URL of a
//! model, or the artifacts of one. Each function gives an object with what came of it, and the
//! report: `changes` for programs, `report` for people.

mod metered;
mod options;

use futures::StreamExt;
use io_web::{BlobBuilder, JsWeights};
use js_sys::{Object, Promise};
use modelport::{
    Error, ErrorKind, HandlerOptions, Json, ModelUrl, Operation, ProgressCallback, Result,
    TransferOptions, Weights,
};
use modelport_convert::{Conversion, ConvertOptions, Format, Output, Source};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::Blob;

use self::metered::metered;
use crate::{
    artifacts,
    info::saved_to_js,
    object::{from_json, set},
    run::run,
    weights,
};

/// The type of every file that is made.
const FILE_TYPE: &str = "application/octet-stream";

/// Converts to the artifacts of TensorFlow.js. Gives them as `artifacts`.
#[wasm_bindgen(js_name = convertToArtifacts)]
pub fn convert_to_artifacts(source: &JsValue, options: &JsValue) -> Promise {
    let prepared = Prepared::of(source, options);
    run(urls(&[source.as_string()]), options, async move {
        let prepared = prepared?;
        let progress = prepared.transfer.destination.progress.clone();
        let (output, converted) = prepared.convert(Format::Tfjs).await?;
        let Output::Model(mut model) = converted else { return Err(other_format()) };
        let data = model.weight_data.take();
        let object = artifacts::to_js(&model)?;
        if let Some(data) = data {
            let here = data.source_as::<JsWeights>().is_some();
            let (data, progress) =
                if here { (data, progress) } else { (metered(data, progress), None) };
            set(&object, "weightData", weights::to_js(&data, progress).await?);
        }
        set(&output, "artifacts", object);
        Ok(output)
    })
}

/// Converts and saves at a URL. Gives the `SaveResult` as `saved`.
#[wasm_bindgen(js_name = convertToUrl)]
pub fn convert_to_url(source: &JsValue, url: &str, options: &JsValue) -> Promise {
    let prepared = Prepared::of(source, options);
    let destination = modelport::url(url);
    run(urls(&[source.as_string(), Some(url.to_owned())]), options, async move {
        let (prepared, url) = (prepared?, destination?);
        let handler = modelport::handler_with(&url, &prepared.transfer.destination)?;
        let (output, converted) = prepared.convert(Format::Tfjs).await?;
        let Output::Model(model) = converted else { return Err(other_format()) };
        set(&output, "saved", saved_to_js(&handler.save(model).await?));
        Ok(output)
    })
}

/// Converts to a file of the format of this name. Gives it as `file`, a `Blob`.
#[wasm_bindgen(js_name = convertToFile)]
pub fn convert_to_file(source: &JsValue, format: &str, options: &JsValue) -> Promise {
    let prepared = Prepared::of(source, options);
    let format = format.parse::<Format>().and_then(|format| match format {
        Format::Tfjs => Err(Error::new(
            ErrorKind::InvalidInput,
            "a model of TensorFlow.js is not one file; convert to artifacts or to a URL",
        )),
        format => Ok(format),
    });
    run(urls(&[source.as_string()]), options, async move {
        let (prepared, format) = (prepared?, format?);
        let progress = prepared.transfer.destination.progress.clone();
        let (output, converted) = prepared.convert(format).await?;
        let Output::File(bytes) = converted else { return Err(other_format()) };
        set(&output, "file", blob(bytes, progress).await?);
        Ok(output)
    })
}

/// The arguments, as they were when the function was called.
struct Prepared {
    source: Given,
    options: ConvertOptions,
    transfer: TransferOptions,
}

enum Given {
    Url(ModelUrl),
    Ready(Source),
}

impl Prepared {
    fn of(source: &JsValue, options: &JsValue) -> Result<Self> {
        Ok(Self {
            source: Given::of(source)?,
            options: options::convert(options)?,
            transfer: crate::options::transfer(options)?,
        })
    }

    /// The object of what is returned, with the report in it, and the conversion to be saved.
    async fn convert(self, format: Format) -> Result<(Object, Output)> {
        let source = self.source.load(&self.transfer.source).await?;
        let conversion = modelport_convert::convert(source, format, &self.options).await?;
        let Conversion { output, report } = conversion;
        let object = Object::new();
        set(&object, "changes", from_json(&Json::new(&report)?)?);
        set(&object, "report", report.to_string());
        Ok((object, output))
    }
}

impl Given {
    fn of(source: &JsValue) -> Result<Self> {
        if let Some(text) = source.as_string() {
            return modelport::url(&text).map(Self::Url);
        }
        if let Ok(file) = weights::from_js(source) {
            return Ok(Self::Ready(Source::File(file)));
        }
        artifacts::from_js(source).map(Source::Model).map(Self::Ready).map_err(|error| {
            error.with_hint("give a URL, a Blob, an ArrayBuffer or model artifacts")
        })
    }

    async fn load(self, options: &HandlerOptions) -> Result<Source> {
        match self {
            Self::Ready(source) => Ok(source),
            Self::Url(url) => {
                let loaded = modelport::load_with(&url, options).await;
                loaded.map(Source::Model).map_err(|e| e.with_context(Operation::Load, &url))
            }
        }
    }
}

async fn blob(bytes: Weights, progress: Option<ProgressCallback>) -> Result<Blob> {
    io_web::ask_for_blob_room(bytes.byte_length()).await;
    let mut stream = metered(bytes, progress).stream();
    let mut gathered = BlobBuilder::new(FILE_TYPE);
    while let Some(piece) = stream.next().await {
        gathered.push(&piece?)?;
    }
    let blob = gathered.finish()?;
    io_web::check_blob(&blob).await?;
    Ok(blob)
}

fn urls(texts: &[Option<String>]) -> Vec<ModelUrl> {
    texts.iter().flatten().filter_map(|text| modelport::url(text.as_str()).ok()).collect()
}

/// Unless the library breaks its word.
fn other_format() -> Error {
    Error::new(ErrorKind::Unexpected, "the conversion gave another format")
}
