//! How a conversion is done, from the object of options.

use js_sys::Array;
use modelport::Result;
use modelport_convert::{ConvertOptions, Keras, Quantize, report::Policy};
use wasm_bindgen::JsValue;

use crate::object::{get_bool, get_some, invalid};

/// The options of a conversion.
///
/// # Errors
///
/// `InvalidInput` when one is of the wrong type.
pub(super) fn convert(options: &JsValue) -> Result<ConvertOptions> {
    let policy = Policy {
        strict: get_bool(options, "strict")?.unwrap_or_default(),
        force: get_bool(options, "force")?.unwrap_or_default(),
    };
    let read = ConvertOptions::new()
        .with_policy(policy)
        .with_allow_unsupported(get_bool(options, "allowUnsupported")?.unwrap_or_default())
        .with_quantize(quantize(options)?)
        .with_dequantize(get_bool(options, "dequantize")?.unwrap_or_default())
        .with_include_optimizer(get_bool(options, "includeOptimizer")?.unwrap_or_default());
    let keras = get_some(options, "keras")?.map(|keras| keras.as_f64());
    match keras {
        None => Ok(read),
        Some(Some(2.0)) => Ok(read.with_keras(Keras::V2)),
        Some(Some(3.0)) => Ok(read.with_keras(Keras::V3)),
        Some(_) => Err(invalid("keras", "2 or 3")),
    }
}

/// One rule, or a list of them.
fn quantize(options: &JsValue) -> Result<Quantize> {
    let mut quantize = Quantize::none();
    let rules = match get_some(options, "quantize")? {
        None => return Ok(quantize),
        Some(rules) if Array::is_array(&rules) => Array::from(&rules),
        Some(rule) => Array::of1(&rule),
    };
    for rule in rules {
        let rule =
            rule.as_string().ok_or_else(|| invalid("quantize", "a text or a list of them"))?;
        quantize.add(&rule)?;
    }
    Ok(quantize)
}
