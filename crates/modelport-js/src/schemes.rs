//! What this build can do.

use js_sys::{Array, Object};
use modelport::registry;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{error, object::set};

/// The schemes of this build, each with the names of what can be done there.
///
/// # Errors
///
/// When two crates claim one scheme.
#[wasm_bindgen]
pub fn schemes() -> Result<Array, JsValue> {
    let registry = registry().map_err(|error| error::to_js(&error, &[]))?;
    let schemes = Array::new();
    for entry in registry.registrations() {
        for scheme in entry.schemes {
            let names = entry.capabilities.names();
            let object = Object::new();
            set(&object, "scheme", *scheme);
            set(&object, "capabilities", names.into_iter().map(JsValue::from).collect::<Array>());
            schemes.push(&object);
        }
    }
    Ok(schemes)
}
