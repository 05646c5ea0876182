//! Base64 as TensorFlow.js stores it, by the browser where it can, which is several times as quick.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use io_core::{Error, Result};
use js_sys::{Function, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::{copy_in, copy_out, global, new_array, on};

/// Padding is written; readers take it or leave it, and odd bits at the end, as `atob` does.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 in the making. The text is not in our memory, nor are the bytes.
#[derive(Debug)]
pub struct Base64Encoder {
    bytes: Uint8Array,
    filled: u64,
}

impl Base64Encoder {
    /// Room for `bytes` bytes.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when there is none.
    pub fn with_capacity(bytes: u64) -> Result<Self> {
        Ok(Self { bytes: new_array(bytes)?, filled: 0 })
    }

    /// Adds bytes.
    ///
    /// # Errors
    ///
    /// `Corrupt` when there is no room for them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        copy_in(&self.bytes, self.filled, bytes)?;
        self.filled += bytes.len() as u64;
        Ok(())
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when there is no room for it.
    pub fn finish(self) -> Result<JsString> {
        // Never longer than the array, whose length is of this type.
        let bytes = self.bytes.subarray(0, u32::try_from(self.filled).unwrap_or(u32::MAX));
        match method(&bytes, "toBase64") {
            Some(encode) => text_of(encode.call0(&bytes)),
            None => Ok(ENGINE.encode(copy_out(&bytes, 0..self.filled)?).into()),
        }
    }
}

/// The bytes of a text: blanks are passed over and the padding may be missing, as for `atob`.
///
/// # Errors
///
/// `Corrupt` when it is not base64.
pub fn decode_base64(text: &JsString) -> Result<Bytes> {
    let class = global().find(&["Uint8Array"]);
    let decode = class.as_ref().and_then(|class| method(class, "fromBase64"));
    let (Some(class), Some(decode)) = (class, decode) else { return decode_here(text.into()) };
    let bytes: Uint8Array =
        decode.call1(&class, text).map_err(on("the weights are not base64"))?.unchecked_into();
    copy_out(&bytes, 0..bytes.length().into())
}

fn decode_here(mut text: String) -> Result<Bytes> {
    let is_blank = |unit: char| matches!(unit, '\t' | '\n' | '\x0C' | '\r' | ' ');
    if text.contains(is_blank) {
        text.retain(|unit| !is_blank(unit));
    }
    let bytes = ENGINE
        .decode(text.as_bytes())
        .map_err(|error| Error::corrupt("the weights are not base64").with_source(error))?;
    Ok(bytes.into())
}

fn method(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

fn text_of(value: Result<JsValue, JsValue>) -> Result<JsString> {
    value.map(JsCast::unchecked_into).map_err(on("the browser does not encode the weights"))
}
