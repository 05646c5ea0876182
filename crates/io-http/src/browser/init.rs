//! What a page can set for its requests: members of `RequestInit`, and `fetch` itself.

use io_core::{Error, ErrorKind, Result};
use io_web::on;
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::AbortSignal;

use super::javascript::{property, set, text};
use crate::HttpOptions;

/// What only a page can set.
#[derive(Clone, Default)]
pub(crate) struct PageOptions {
    /// Members of every request's `RequestInit` that are not ours to set.
    pub(super) init: Option<Object>,
    /// Ends every request.
    pub(super) signal: Option<AbortSignal>,
    /// In place of the page's `fetch`.
    pub(super) fetch: Option<Function>,
}

impl PageOptions {
    pub(super) fn set(&mut self, member: &str, value: &str) {
        set(self.init.get_or_insert_with(Object::new), member, value);
    }
}

#[wasm_bindgen]
extern "C" {
    type Headers;

    #[wasm_bindgen(constructor, catch)]
    fn new(init: &JsValue) -> Result<Headers, JsValue>;
}

impl HttpOptions {
    /// Takes over a `RequestInit` as `fetch` has it, and as `tf.io.browserHTTPRequest` takes it:
    /// `method` (of saves), `headers`, `signal`, and everything else as it is: `credentials`,
    /// `mode`, `cache`, `redirect`, `referrerPolicy`, …
    ///
    /// Headers go to the origin of the model's URL and to those that are trusted. While there are
    /// any, a redirect to where they might leak is refused unless `redirect` is `follow`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is no object, has a body, or headers or a signal that are none.
    pub fn with_request_init(mut self, init: &JsValue) -> Result<Self> {
        let invalid = |message: &str| Error::new(ErrorKind::InvalidInput, message);
        let given = init.dyn_ref::<Object>().ok_or_else(|| invalid("requestInit is no object"))?;
        if property(init, "body").is_some() {
            return Err(invalid("requestInit has a body; a save has its own"));
        }
        if let Some(method) = text(init, "method") {
            self.method = method;
        }
        if let Some(headers) = property(init, "headers") {
            let headers = Headers::new(&headers)
                .map_err(|thrown| io_web::error("requestInit has headers that are none", &thrown))
                .map_err(|error| invalid("requestInit has wrong headers").with_source(error))?;
            for pair in Array::from(&headers).iter() {
                let pair = Array::from(&pair);
                let (name, value) = (pair.get(0).as_string(), pair.get(1).as_string());
                self.headers.push((name.unwrap_or_default(), value.unwrap_or_default()));
            }
        }
        if let Some(signal) = property(init, "signal") {
            let signal =
                signal.dyn_into().map_err(|_| invalid("requestInit has a signal that is none"))?;
            self.page.signal = Some(signal);
        }
        let kept = self.page.init.get_or_insert_with(Object::new);
        Object::assign(kept, given);
        for ours in ["method", "headers", "body", "signal"] {
            Reflect::delete_property(kept, &ours.into())
                .map_err(on("requestInit cannot be taken over"))?;
        }
        Ok(self)
    }

    /// Uses `fetch` in place of the page's own, as the `fetchFunc` of TensorFlow.js: it is called
    /// with the URL, a `RequestInit`, and for weight files with `{isBinary: true}`.
    #[must_use]
    pub fn with_fetch(mut self, fetch: Function) -> Self {
        self.page.fetch = Some(fetch);
        self
    }
}
