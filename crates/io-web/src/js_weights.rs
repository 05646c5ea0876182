//! Weights that live in JavaScript.

use std::{any::Any, ops::Range, rc::Rc};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use io_core::{Error, ErrorKind, Result, WeightSource, WeightStream, Weights};
use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::{Expected, bytes, expected::Passing, join_blob, on};

#[wasm_bindgen]
extern "C" {
    /// `[object ArrayBuffer]` and so on, of objects of any frame: `instanceof` knows only the classes
    /// of this one.
    #[wasm_bindgen(catch, js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    fn class_of(value: &JsValue) -> Result<String, JsValue>;

    type ReadableBlob;

    /// Throws where a browser is too old to have it.
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn read(this: &ReadableBlob) -> Result<Promise, JsValue>;
}

/// How much is brought over at a time.
const CHUNK_BYTES: u64 = 4 << 20;

/// Up to how many bytes Blobs are read as one, into the buffer that is wanted. No browser has buffers
/// of any size for that.
const AS_ONE_BYTES: u64 = 1 << 30;

/// How much is read at a time when all is joined otherwise, and how many such parts at once: the
/// browser is the faster for both, and what is there twice stays bounded.
const JOINED_BYTES: u64 = 16 << 20;
const JOINED_AT_ONCE: usize = 4;

/// The bytes of a model's weights as JavaScript objects, in order.
///
/// For who knows JavaScript, such as a database of the browser, the objects themselves are the
/// weights: [`Weights::source_as::<JsWeights>()`](Weights::source_as) finds them and
/// [`pieces`](Self::pieces) gives them back, so that they never are in our memory. For everybody else
/// they are a stream, in chunks of bounded size; a `Blob` is read only as far as the stream has
/// come.
///
/// Of a loaded model they may have a checksum to match. A stream looks before its last bytes are
/// out, and so does [`to_array_buffer`](Self::to_array_buffer); who takes the objects asks for
/// [`verified`](Self::verified) ones.
///
/// # Who may change the bytes, and when
///
/// The objects are held, not copied, as TensorFlow.js does it. Until a save has resolved, nobody may
/// write to their bytes or transfer their buffers: a byte that is changed may be saved or not, and a
/// buffer that was transferred fails the stream, typed `Conflict`. After it they are the caller's
/// again. What a load gives belongs to the caller, who may do with it as he likes; a second stream
/// of the same weights shows what he did. A `Blob` never changes.
#[derive(Clone, Debug)]
pub struct JsWeights {
    pieces: Rc<[JsPiece]>,
    /// Where each piece ends, from the first byte of all.
    ends: Rc<[u64]>,
    /// What runs of bytes have to be, which nobody has looked at yet.
    expected: Rc<[(Range<u64>, Expected)]>,
}

/// A run of bytes in JavaScript.
#[derive(Clone, Debug)]
pub enum JsPiece {
    /// All bytes of a buffer.
    Buffer(ArrayBuffer),
    /// The bytes that an array shows, which may be a part of its buffer.
    Array(Uint8Array),
    /// Bytes that the browser keeps, perhaps on disk; also a `File`.
    Blob(Blob),
}

impl JsWeights {
    /// The bytes of `pieces` one after the other.
    pub fn new(pieces: impl IntoIterator<Item = JsPiece>) -> Self {
        let pieces: Rc<[JsPiece]> = pieces.into_iter().collect();
        let ends = pieces.iter().scan(0_u64, |end, piece| {
            *end = end.saturating_add(piece.byte_length());
            Some(*end)
        });
        Self { ends: ends.collect(), pieces, expected: Rc::default() }
    }

    /// The same, that have to be what `expected` says before anybody uses them.
    #[must_use]
    pub fn expecting(mut self, expected: Expected) -> Self {
        self.expected = Rc::new([(0..self.byte_length(), expected)]);
        self
    }

    /// All of `parts` one after the other, each of which has to be what it had to be.
    pub fn join(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut pieces, mut expected, mut start) = (Vec::new(), Vec::new(), 0_u64);
        for part in parts {
            pieces.extend(part.pieces.iter().cloned());
            let runs = part.expected.iter().cloned();
            expected.extend(runs.map(|(run, due)| (start + run.start..start + run.end, due)));
            start = start.saturating_add(part.byte_length());
        }
        Self { expected: expected.into(), ..Self::new(pieces) }
    }

    /// What TensorFlow.js has as `weightData`: an `ArrayBuffer` or an array of them; also a view, a
    /// `Blob`, or an array with any of these.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is, or has, anything else.
    pub fn from_js(value: &JsValue) -> Result<Self> {
        if Array::is_array(value) {
            let pieces: Result<Vec<_>> =
                Array::from(value).iter().map(|piece| JsPiece::from_js(&piece)).collect();
            Ok(Self::new(pieces?))
        } else {
            Ok(Self::new([JsPiece::from_js(value)?]))
        }
    }

    /// Any weights as JavaScript objects: those that they are, not verified yet, or else one new
    /// `ArrayBuffer`.
    ///
    /// # Errors
    ///
    /// - `OutOfMemory` when the browser does not give that much.
    /// - What their stream fails with.
    pub async fn read(weights: &Weights) -> Result<Self> {
        if let Some(here) = weights.source_as::<Self>() {
            return Ok(here.clone());
        }
        let array = bytes::new_array(weights.byte_length())?;
        let (mut stream, mut offset) = (weights.stream(), 0);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            bytes::copy_in(&array, offset, &chunk)?;
            offset += chunk.len() as u64;
        }
        Ok(array.buffer().into())
    }

    /// How many bytes there are.
    pub fn byte_length(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The same, once all bytes are known to be what they have to be. Where nobody has looked yet
    /// they are read once for it, piece by piece.
    ///
    /// # Errors
    ///
    /// - `Corrupt` when they are others.
    /// - What their stream fails with.
    pub async fn verified(&self) -> Result<Self> {
        for (run, _) in &*self.expected {
            let mut stream = self.stream(run.clone());
            while let Some(chunk) = stream.next().await {
                chunk?;
            }
        }
        Ok(Self { expected: Rc::default(), ..self.clone() })
    }

    /// The objects, [verified](Self::verified) or not.
    pub fn pieces(&self) -> &[JsPiece] {
        &self.pieces
    }

    /// The bytes in `range`, cut to the length, as views of the same buffers and parts of the same
    /// Blobs; a piece that lies inside as a whole stays the object that it is. They are as
    /// [verified](Self::verified) as these are, and nobody looks any more.
    ///
    /// # Errors
    ///
    /// `Conflict` when a buffer was transferred meanwhile.
    pub fn slice(&self, range: Range<u64>) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for (piece, &end) in self.pieces.iter().zip(self.ends.iter()) {
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                pieces.push(piece.slice(from - start..to - start, end - start)?);
            }
            start = end;
        }
        Ok(Self::new(pieces))
    }

    /// All bytes in one `ArrayBuffer`: the only piece itself where it is one, Blobs read into one, or
    /// else all joined in JavaScript, which copies once.
    ///
    /// # Errors
    ///
    /// - `Corrupt` when the bytes are not what they have to be.
    /// - `OutOfMemory` when the browser does not give that much.
    /// - `Conflict` when a buffer was transferred meanwhile, or a file was changed.
    pub async fn to_array_buffer(&self) -> Result<ArrayBuffer> {
        let mut passing = Passing::new(&self.expected, &(0..self.byte_length()));
        if let [JsPiece::Buffer(only)] = &*self.pieces {
            let length = bytes::buffer_length(only);
            check_length(length, self.byte_length())?;
            passing.pass_array(0, &bytes::view(only, 0..length)?)?;
            return Ok(only.clone());
        }
        if let Some(blob) = self.as_one_blob()? {
            let buffer = read(&blob).await?;
            let length = bytes::buffer_length(&buffer);
            check_length(length, self.byte_length())?;
            passing.pass_array(0, &bytes::view(&buffer, 0..length)?)?;
            return Ok(buffer);
        }
        let joined = bytes::new_array(self.byte_length())?;
        let (mut parts, mut offset) = (Vec::new(), 0);
        while let Some((part, to)) = self.part_at(offset, self.byte_length(), JOINED_BYTES)? {
            parts.push((std::mem::replace(&mut offset, to), part));
        }
        let read =
            |(offset, part): (u64, JsPiece)| async move { Ok((offset, part.array().await?)) };
        let mut arrays = stream::iter(parts).map(read).buffered(JOINED_AT_ONCE);
        while let Some(read) = arrays.next().await {
            let (offset, array): (u64, Uint8Array) = read?;
            bytes::copy_across(&joined, offset, &array)?;
            passing.pass_array(offset, &array)?;
        }
        Ok(joined.buffer())
    }

    /// The Blob of all Blobs, where there is nothing else and not too much; no byte is read.
    fn as_one_blob(&self) -> Result<Option<Blob>> {
        let blobs = Array::new();
        for piece in &*self.pieces {
            let JsPiece::Blob(blob) = piece else { return Ok(None) };
            blobs.push(blob);
        }
        let is_wanted = blobs.length() > 0 && self.byte_length() <= AS_ONE_BYTES;
        is_wanted.then(|| join_blob(&blobs, "")).transpose()
    }

    /// A part of a piece, of at most so many bytes, that begins at `from` and ends at `to` or before; and where
    /// it ends. Nothing when `from` is the end.
    fn part_at(&self, from: u64, to: u64, most: u64) -> Result<Option<(JsPiece, u64)>> {
        // Pieces without bytes end where they begin, and are passed over.
        let index = self.ends.partition_point(|&end| end <= from);
        let (Some(piece), Some(&end)) = (self.pieces.get(index), self.ends.get(index)) else {
            return Ok(None);
        };
        let to = to.min(end).min(from.saturating_add(most));
        if from >= to {
            return Ok(None);
        }
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let start = start.unwrap_or(0);
        Ok(Some((piece.slice(from - start..to - start, end - start)?, to)))
    }
}

impl JsPiece {
    /// An `ArrayBuffer`, a view of one, or a `Blob`; of any frame.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is anything else, or memory that is shared with workers.
    pub fn from_js(value: &JsValue) -> Result<Self> {
        let class = class_of(value).map_err(on("the weights cannot be looked at"))?;
        let found = match class.as_str() {
            "[object ArrayBuffer]" => Some(Self::Buffer(value.clone().unchecked_into())),
            "[object Blob]" | "[object File]" => Some(Self::Blob(value.clone().unchecked_into())),
            "[object Uint8Array]" => Some(Self::Array(value.clone().unchecked_into())),
            _ if ArrayBuffer::is_view(value) => Some(Self::Array(bytes::view_of_view(value)?)),
            _ => None,
        };
        let shared = |array: &Uint8Array| {
            class_of(&array.buffer()).is_ok_and(|class| class != "[object ArrayBuffer]")
        };
        match found {
            Some(Self::Array(array)) if shared(&array) => {
                Err(no_bytes("memory that is shared with workers"))
            }
            Some(piece) => Ok(piece),
            None => Err(no_bytes(&class)),
        }
    }

    /// How many bytes there are now: none any more when the buffer was transferred.
    pub fn byte_length(&self) -> u64 {
        match self {
            Self::Buffer(buffer) => bytes::buffer_length(buffer),
            Self::Array(array) => bytes::array_length(array),
            Self::Blob(blob) => bytes::from_js(blob.size()),
        }
    }

    /// The object itself.
    pub fn as_js(&self) -> &JsValue {
        match self {
            Self::Buffer(buffer) => buffer,
            Self::Array(array) => array,
            Self::Blob(blob) => blob,
        }
    }

    /// The bytes in `range` of a piece that had `length` bytes, without copying.
    fn slice(&self, range: Range<u64>, length: u64) -> Result<Self> {
        check_length(self.byte_length(), length)?;
        if range == (0..length) {
            return Ok(self.clone());
        }
        Ok(match self {
            Self::Buffer(buffer) => Self::Array(bytes::view(buffer, range)?),
            Self::Array(array) => Self::Array(bytes::window(array, range)?),
            Self::Blob(blob) => {
                let (from, to) = (bytes::to_js(range.start)?, bytes::to_js(range.end)?);
                let part = blob.slice_with_f64_and_f64(from, to);
                Self::Blob(part.map_err(on("the browser does not cut a Blob"))?)
            }
        })
    }

    /// The bytes as an array: the same for a buffer, read for a `Blob`.
    async fn array(&self) -> Result<Uint8Array> {
        match self {
            Self::Buffer(buffer) => bytes::view(buffer, 0..bytes::buffer_length(buffer)),
            Self::Array(array) => Ok(array.clone()),
            Self::Blob(blob) => {
                let buffer = read(blob).await?;
                Ok(Uint8Array::new(&buffer))
            }
        }
    }
}

#[async_trait(?Send)]
impl WeightSource for JsWeights {
    fn byte_length(&self) -> u64 {
        self.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let weights = self.clone();
        let passing = Passing::new(&self.expected, &range);
        Box::pin(stream::try_unfold((range.start, passing), move |(from, mut passing)| {
            let (weights, end) = (weights.clone(), range.end);
            async move {
                let Some((part, to)) = weights.part_at(from, end, CHUNK_BYTES)? else {
                    return Ok(None);
                };
                let chunk = bytes::copy_out(&part.array().await?, 0..to - from)?;
                passing.pass(from, &chunk)?;
                Ok(Some((chunk, (to, passing))))
            }
        }))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl From<JsPiece> for JsWeights {
    fn from(piece: JsPiece) -> Self {
        Self::new([piece])
    }
}

impl From<ArrayBuffer> for JsWeights {
    fn from(buffer: ArrayBuffer) -> Self {
        JsPiece::Buffer(buffer).into()
    }
}

impl From<Uint8Array> for JsWeights {
    fn from(array: Uint8Array) -> Self {
        JsPiece::Array(array).into()
    }
}

impl From<Blob> for JsWeights {
    fn from(blob: Blob) -> Self {
        JsPiece::Blob(blob).into()
    }
}

/// All bytes of a Blob.
async fn read(blob: &Blob) -> Result<ArrayBuffer> {
    let failed = "the browser does not read a Blob";
    let read = blob.unchecked_ref::<ReadableBlob>().read().map_err(on(failed))?;
    let buffer = JsFuture::from(read).await.map_err(on(failed))?;
    Ok(buffer.unchecked_into())
}

/// # Errors
///
/// `Conflict` when the lengths differ.
fn check_length(found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let message = "a buffer of the weights was transferred or resized before they were read";
    Err(Error::new(ErrorKind::Conflict, message).with_retryable(false))
}

fn no_bytes(what: &str) -> Error {
    let message = format!("weights are ArrayBuffers, views of them or Blobs, not {what}");
    Error::new(ErrorKind::InvalidInput, message)
}
