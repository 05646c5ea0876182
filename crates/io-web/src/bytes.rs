//! Bytes across the boundary, copied once.

use std::ops::Range;

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::on;

#[wasm_bindgen]
extern "C" {
    /// An array with what `js_sys` leaves out: a constructor that may throw, and sizes above 2^32,
    /// which browsers have by now.
    #[wasm_bindgen(js_name = Uint8Array, extends = Uint8Array)]
    type LargeArray;

    #[wasm_bindgen(constructor, catch, js_class = "Uint8Array")]
    fn with_length(length: f64) -> Result<LargeArray, JsValue>;

    #[wasm_bindgen(constructor, catch, js_class = "Uint8Array")]
    fn with_buffer(buffer: &ArrayBuffer, offset: f64, length: f64) -> Result<LargeArray, JsValue>;

    #[wasm_bindgen(method, getter, js_name = byteLength)]
    fn byte_length(this: &LargeArray) -> f64;

    #[wasm_bindgen(method, getter, js_name = byteOffset)]
    fn byte_offset(this: &LargeArray) -> f64;

    #[wasm_bindgen(method)]
    fn subarray(this: &LargeArray, from: f64, to: f64) -> Uint8Array;

    #[wasm_bindgen(method, catch)]
    fn set(this: &LargeArray, other: &Uint8Array, offset: f64) -> Result<(), JsValue>;

    type LargeBuffer;

    #[wasm_bindgen(method, getter, js_name = byteLength)]
    fn buffer_length(this: &LargeBuffer) -> f64;
}

/// An array of `length` zeros outside our memory.
///
/// # Errors
///
/// `OutOfMemory` when the browser does not give that much.
pub fn new_array(length: u64) -> Result<Uint8Array> {
    let array = LargeArray::with_length(to_js(length)?)
        .map_err(on("the browser does not give that much memory"))?;
    Ok(array.unchecked_into())
}

/// Copies `bytes` to `offset` of `array`.
///
/// # Errors
///
/// `Corrupt` when they do not fit.
pub fn copy_in(array: &Uint8Array, offset: u64, bytes: &[u8]) -> Result<()> {
    let window = window(array, offset..offset.saturating_add(bytes.len() as u64))?;
    window.copy_from(bytes);
    Ok(())
}

/// The bytes of `array` in `range`.
///
/// # Errors
///
/// - `Corrupt` when the array is shorter.
/// - `OutOfMemory` when there is no room for them.
pub fn copy_out(array: &Uint8Array, range: Range<u64>) -> Result<Bytes> {
    let length = usize::try_from(range.end.saturating_sub(range.start))
        .map_err(|error| too_large().with_source(error))?;
    let window = window(array, range)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|error| too_large().with_source(error))?;
    bytes.resize(length, 0);
    window.copy_to(&mut bytes);
    Ok(bytes.into())
}

/// How many bytes there are, also above 2^32. An array whose buffer was transferred has none.
pub fn array_length(array: &Uint8Array) -> u64 {
    from_js(array.unchecked_ref::<LargeArray>().byte_length())
}

/// How many bytes there are, also above 2^32. A buffer that was transferred has none.
pub fn buffer_length(buffer: &ArrayBuffer) -> u64 {
    from_js(buffer.unchecked_ref::<LargeBuffer>().buffer_length())
}

/// The bytes of `array` in `range`, which lies within it, without copying.
///
/// # Errors
///
/// `Corrupt` when the array is shorter.
pub(crate) fn window(array: &Uint8Array, range: Range<u64>) -> Result<Uint8Array> {
    let outside = || Error::corrupt("there are more bytes than there is room for");
    if range.start > range.end || range.end > array_length(array) {
        return Err(outside());
    }
    let (from, to) = (to_js(range.start)?, to_js(range.end)?);
    Ok(array.unchecked_ref::<LargeArray>().subarray(from, to))
}

/// The bytes of `buffer` in `range`, which lies within it, without copying.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn view(buffer: &ArrayBuffer, range: Range<u64>) -> Result<Uint8Array> {
    let (from, to) = (to_js(range.start)?, to_js(range.end)?);
    let view = LargeArray::with_buffer(buffer, from, to - from)
        .map_err(on("the browser does not show the bytes of a buffer"))?;
    Ok(view.unchecked_into())
}

/// The bytes that a view of any type shows, without copying.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn view_of_view(view_of: &JsValue) -> Result<Uint8Array> {
    // A `DataView` too has the three properties.
    let other: &LargeArray = view_of.unchecked_ref();
    let (offset, length) = (other.byte_offset(), other.byte_length());
    let buffer: ArrayBuffer = other.unchecked_ref::<Uint8Array>().buffer();
    let view = LargeArray::with_buffer(&buffer, offset, length)
        .map_err(on("the browser does not show the bytes of an array"))?;
    Ok(view.unchecked_into())
}

/// Copies `from` to `offset` of `array`, outside our memory.
///
/// # Errors
///
/// Whatever the browser throws: they do not fit.
pub(crate) fn copy_across(array: &Uint8Array, offset: u64, from: &Uint8Array) -> Result<()> {
    let array: &LargeArray = array.unchecked_ref();
    array.set(from, to_js(offset)?).map_err(on("the browser does not copy the bytes"))
}

/// A size as JavaScript has it.
///
/// # Errors
///
/// `OutOfMemory` when no such number of bytes exists there.
pub(crate) fn to_js(bytes: u64) -> Result<f64> {
    const LARGEST: u64 = 1 << 53;
    #[allow(clippy::cast_precision_loss, reason = "below 2^53 there is none")]
    if bytes < LARGEST { Ok(bytes as f64) } else { Err(too_large()) }
}

/// A size as JavaScript says it.
pub(crate) fn from_js(bytes: f64) -> u64 {
    // A number of bytes: no fraction, and far below 2^53. A cast saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    {
        bytes as u64
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::OutOfMemory, "the weights do not fit into the browser's memory")
}
