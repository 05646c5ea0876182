//! Base64 as TensorFlow.js stores it, by the browser where it can, which is several times as quick.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use io_core::{Error, Result};
use js_sys::{ArrayBuffer, Function, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::{array_length, copy_in, copy_out, global, new_array, on};

/// Padding is written; readers take it or leave it, and odd bits at the end, as `atob` does.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The base64 of bytes, neither of which is in our memory where the browser can do it.
///
/// # Errors
///
/// `OutOfMemory` when there is no room for it.
pub fn encode_base64(bytes: &Uint8Array) -> Result<JsString> {
    match method(bytes, "toBase64") {
        Some(encode) => text_of(encode.call0(bytes)),
        None => Ok(ENGINE.encode(copy_out(bytes, 0..array_length(bytes))?).into()),
    }
}

/// The bytes of a text: blanks are passed over and the padding may be missing, as for `atob`.
///
/// # Errors
///
/// - `Corrupt` when it is not base64.
/// - `OutOfMemory` when there is no room for the bytes.
pub fn decode_base64(text: &JsString) -> Result<ArrayBuffer> {
    let array = new_array(most_bytes(text))?;
    if let Some(decode) = method(&array, "setFromBase64") {
        // Into memory that is there, which takes half the time of `fromBase64`.
        let end = decode.call1(&array, text).map_err(on("the weights are not base64"))?;
        let number = |name: &str| Reflect::get(&end, &name.into()).ok()?.as_f64();
        let (units, bytes) = (f64::from(text.length()), f64::from(array.length()));
        if number("read") == Some(units) && number("written") == Some(bytes) {
            return Ok(array.buffer());
        }
    }
    // There are blanks, or the array was full before the end: what comes then has to be looked at.
    let class = global().find(&["Uint8Array"]);
    let decode = class.as_ref().and_then(|class| method(class, "fromBase64"));
    let (Some(class), Some(decode)) = (class, decode) else { return decode_here(text.into()) };
    let bytes: Uint8Array =
        decode.call1(&class, text).map_err(on("the weights are not base64"))?.unchecked_into();
    Ok(bytes.buffer())
}

/// How many bytes a text stands for that has no blanks.
fn most_bytes(text: &JsString) -> u64 {
    let units = text.length();
    let is_padding = |back: &u32| {
        let place = units.checked_sub(*back);
        place.is_some_and(|place| text.char_code_at(place) == f64::from(b'='))
    };
    let padding = (1..=2).take_while(is_padding).last().unwrap_or(0);
    u64::from(units - padding) * 3 / 4
}

fn decode_here(mut text: String) -> Result<ArrayBuffer> {
    let is_blank = |unit: char| matches!(unit, '\t' | '\n' | '\x0C' | '\r' | ' ');
    if text.contains(is_blank) {
        text.retain(|unit| !is_blank(unit));
    }
    let bytes = ENGINE
        .decode(text.as_bytes())
        .map_err(|error| Error::corrupt("the weights are not base64").with_source(error))?;
    let array = new_array(bytes.len() as u64)?;
    copy_in(&array, 0, &bytes)?;
    Ok(array.buffer())
}

fn method(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

fn text_of(value: Result<JsValue, JsValue>) -> Result<JsString> {
    value.map(JsCast::unchecked_into).map_err(on("the browser does not encode the weights"))
}
