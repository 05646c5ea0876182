//! Bytes across the boundary, copied once.

use std::ops::Range;

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::on;

#[wasm_bindgen]
extern "C" {
    /// A constructor that may throw: the one of `js_sys` would end the program.
    #[wasm_bindgen(js_name = Uint8Array)]
    type FallibleArray;

    #[wasm_bindgen(constructor, catch, js_class = "Uint8Array")]
    fn with_length(length: f64) -> Result<FallibleArray, JsValue>;
}

/// An array of `length` zeros outside our memory.
///
/// # Errors
///
/// `OutOfMemory` when the browser does not give that much.
pub fn new_array(length: u64) -> Result<Uint8Array> {
    let length = u32::try_from(length).map_err(|_| too_large())?;
    let array = FallibleArray::with_length(length.into())
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
    let window = window(array, range)?;
    let length = window.length() as usize;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|error| too_large().with_source(error))?;
    bytes.resize(length, 0);
    window.copy_to(&mut bytes);
    Ok(bytes.into())
}

fn window(array: &Uint8Array, range: Range<u64>) -> Result<Uint8Array> {
    match (u32::try_from(range.start), u32::try_from(range.end)) {
        (Ok(from), Ok(to)) if from <= to && to <= array.length() => Ok(array.subarray(from, to)),
        _ => Err(Error::corrupt("there are more bytes than there is room for")),
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::OutOfMemory, "the weights do not fit into the browser's memory")
}
