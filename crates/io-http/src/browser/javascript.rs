//! The objects of `fetch`, by what they can do: a caller's own `fetch` may give look-alikes.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// An answer.
    #[derive(Clone, Debug)]
    pub(super) type Response;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    pub(super) fn array_buffer(this: &Response) -> Result<JsValue, JsValue>;

    /// The headers of an answer.
    pub(super) type Headers;

    #[wasm_bindgen(method, catch)]
    pub(super) fn get(this: &Headers, name: &str) -> Result<JsValue, JsValue>;

    /// The body of an answer.
    pub(super) type Stream;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    pub(super) fn get_reader(this: &Stream) -> Result<Reader, JsValue>;

    /// Who reads the body.
    #[derive(Clone, Debug)]
    pub(super) type Reader;

    #[wasm_bindgen(method, catch)]
    pub(super) fn read(this: &Reader) -> Result<Promise, JsValue>;
}

/// The property `name` of `value`, where there is one.
pub(super) fn property(value: &JsValue, name: &str) -> Option<JsValue> {
    let found = Reflect::get(value, &name.into()).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

/// The same as a text.
pub(super) fn text(value: &JsValue, name: &str) -> Option<String> {
    property(value, name)?.as_string()
}

/// Sets a property of an object of our own, which nothing can prevent.
pub(super) fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// `globalThis`.
pub(super) fn global() -> JsValue {
    js_sys::global().unchecked_into()
}
