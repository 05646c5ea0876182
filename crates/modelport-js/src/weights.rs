//! Weights: from JavaScript and back, with no copy that is not needed.

use futures::{StreamExt, stream};
use io_web::{JsPiece, JsWeights, on};
use js_sys::{Function, Promise, Uint8Array};
use modelport::{
    Error, ErrorKind, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource,
    WeightSpec, WeightStream, Weights,
};
use std::{cell::RefCell, ops::Range, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    info::number,
    object::{get, get_function},
    run::run,
};

/// The weights in `weightData`: a buffer, a view, a `Blob`, or a list of these.
///
/// # Errors
///
/// `InvalidInput` when it is anything else.
pub(crate) fn from_js(data: &JsValue) -> Result<Weights> {
    JsWeights::from_js(data).map(Weights::from_source)
}

/// All bytes as one `ArrayBuffer`; the very one that is stored, where it already is one. Then
/// nothing streams, so `progress` is told here.
///
/// # Errors
///
/// - `OutOfMemory` when the browser does not give that much.
/// - What the stream of the weights fails with.
pub(crate) async fn to_js(
    weights: &Weights,
    progress: Option<ProgressCallback>,
) -> Result<JsValue> {
    let is_here = weights.source_as::<JsWeights>().is_some();
    let buffer = JsWeights::read(weights).await?.to_array_buffer().await?;
    if is_here {
        let total = weights.byte_length();
        ProgressMeter::new(progress, total).add(total);
    }
    Ok(buffer.into())
}

/// Weights that are still where they were loaded from, to be read as often as one likes.
#[wasm_bindgen]
#[derive(Debug)]
pub struct StoredWeights {
    weights: Weights,
    url: ModelUrl,
}

impl StoredWeights {
    pub(crate) fn new(weights: Weights, url: ModelUrl) -> Self {
        Self { weights, url }
    }
}

#[wasm_bindgen]
impl StoredWeights {
    /// How many bytes there are.
    #[wasm_bindgen(getter, js_name = byteLength)]
    pub fn byte_length(&self) -> f64 {
        number(self.weights.byte_length())
    }

    /// A fresh reader, from the first byte.
    pub fn open(&self) -> WeightReader {
        let stream = Rc::new(RefCell::new(Some(self.weights.stream())));
        WeightReader { stream, url: self.url.clone() }
    }
}

/// Weights on their way, one piece after the other.
#[wasm_bindgen]
pub struct WeightReader {
    /// Taken while a piece is awaited, and for good after the last one.
    stream: Rc<RefCell<Option<WeightStream>>>,
    url: ModelUrl,
}

#[wasm_bindgen]
impl WeightReader {
    /// A promise of the next piece, a `Uint8Array`; of `undefined` at the end. One at a time.
    pub fn next(&self) -> Promise {
        let (stream, url) = (self.stream.clone(), self.url.clone());
        run(vec![self.url.clone()], &JsValue::UNDEFINED, async move {
            let Some(mut pieces) = stream.take() else { return Ok(JsValue::UNDEFINED) };
            let Some(piece) = pieces.next().await else { return Ok(JsValue::UNDEFINED) };
            let piece = piece.map_err(|error| error.with_context(Operation::Load, &url))?;
            stream.replace(Some(pieces));
            Ok(Uint8Array::from(piece.as_ref()).into())
        })
    }
}

/// The weights of a `getWeightStream` function. Their length is what the specs say.
///
/// # Errors
///
/// - `InvalidInput` when it is no function.
/// - `Unsupported` when there are strings, whose length only they say.
pub(crate) fn from_stream(open: JsValue, specs: &[WeightSpec]) -> Result<Weights> {
    let open = open
        .dyn_into::<Function>()
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "`getWeightStream` is not a function"))?;
    let mut length: u64 = 0;
    for spec in specs {
        let Some(bytes) = spec.byte_length()? else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "weights that stream from JavaScript cannot be saved when there are strings",
            )
            .with_hint("load the model without `streamWeights`"));
        };
        length = length.saturating_add(bytes);
    }
    Ok(Weights::from_source(Streamed { open, length }))
}

/// What a function of JavaScript streams, as often as it is called.
#[derive(Debug)]
struct Streamed {
    open: Function,
    length: u64,
}

#[async_trait::async_trait(?Send)]
impl WeightSource for Streamed {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let opened = open_reader(&self.open);
        // The position of the next piece in the whole.
        let pieces = stream::try_unfold((opened, 0_u64), move |(opened, at)| {
            let range = range.clone();
            async move {
                let reader = opened?;
                let mut at = at;
                while at < range.end {
                    let Some(piece) = reader.next().await? else { break };
                    let end = at.saturating_add(piece.length().into());
                    let (from, to) = (range.start.max(at), range.end.min(end));
                    let start = std::mem::replace(&mut at, end);
                    if from < to {
                        let bytes = io_web::copy_out(&piece, from - start..to - start)?;
                        return Ok(Some((bytes, (Ok(reader), at))));
                    }
                }
                Ok(None)
            }
        });
        Box::pin(pieces)
    }
}

/// A `ReadableStreamDefaultReader`. What is not read any more is cancelled.
struct Reader(JsValue, Function);

fn open_reader(open: &Function) -> Result<Reader> {
    let failed = "the weights cannot be streamed";
    let stream = open.call0(&JsValue::UNDEFINED).map_err(on(failed))?;
    let method = |object: &JsValue, name: &str| {
        get_function(object, name)?
            .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "there is no stream of weights"))
    };
    let reader = method(&stream, "getReader")?.call0(&stream).map_err(on(failed))?;
    let read = method(&reader, "read")?;
    Ok(Reader(reader, read))
}

impl Reader {
    async fn next(&self) -> Result<Option<Uint8Array>> {
        let failed = "the stream of the weights failed";
        let promise = self.1.call0(&self.0).map_err(on(failed))?;
        let result = JsFuture::from(Promise::resolve(&promise)).await.map_err(on(failed))?;
        let done = get(&result, "done")?.is_some_and(|done| done.is_truthy());
        let value = get(&result, "value")?.filter(|_| !done);
        value.map(|value| bytes_of(&value)).transpose()
    }
}

/// Returns the bytes of a chunk, whatever the elements of its view are.
///
/// # Errors
///
/// `InvalidInput` when the chunk is neither an `ArrayBuffer` nor a view of one.
fn bytes_of(chunk: &JsValue) -> Result<Uint8Array> {
    // `Uint8Array::new` would convert the elements of a `Float32Array`, and find none in a `DataView`.
    match JsPiece::from_js(chunk)? {
        JsPiece::Buffer(buffer) => Ok(Uint8Array::new(&buffer)),
        JsPiece::Array(array) => Ok(array),
        JsPiece::Blob(_) => Err(Error::new(
            ErrorKind::InvalidInput,
            "a chunk of the weight stream is a `Blob`; it must be an `ArrayBuffer` or a view",
        )),
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Ok(Some(cancel)) = get_function(&self.0, "cancel") else { return };
        // Whether it was at its end does not matter, and neither does what it says to that.
        if let Ok(promise) = cancel.call0(&self.0) {
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(Promise::resolve(&promise)).await;
            });
        }
    }
}
