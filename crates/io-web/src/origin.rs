//! Pages and servers of other origins: who asks, and whether anybody is there.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::global;

/// The origin of the page, or of the page that started the worker.
pub fn page_origin() -> Option<String> {
    global().find(&["location", "origin"])?.as_string()
}

/// Whether a server answers a page that wants to know nothing from it. One that does, and yet cannot
/// be read from, does not let pages of this origin read (CORS): browsers say no more than "failed".
pub async fn answers(url: &str) -> bool {
    let Some(timeout) = global().find(&["AbortSignal", "timeout"]) else { return false };
    let Ok(timeout) = timeout.dyn_into::<Function>() else { return false };
    let signals = global().find(&["AbortSignal"]).unwrap_or(JsValue::UNDEFINED);
    let Ok(signal) = timeout.call1(&signals, &MOST_MILLISECONDS.into()) else { return false };
    let init = Object::new();
    for (name, value) in [
        ("method", "HEAD".into()),
        ("mode", "no-cors".into()),
        ("credentials", "omit".into()),
        ("cache", "no-store".into()),
        ("signal", signal),
    ] {
        // An object of our own takes anything.
        let _ = Reflect::set(&init, &name.into(), &value);
    }
    let fetch = global().find(&["fetch"]).and_then(|it| it.dyn_into::<Function>().ok());
    let Some(fetch) = fetch else { return false };
    let Ok(promise) = fetch.call2(&global(), &url.into(), &init) else { return false };
    let Ok(answer) = JsFuture::from(Promise::resolve(&promise)).await else { return false };
    let kind = Reflect::get(&answer, &"type".into()).ok().and_then(|kind| kind.as_string());
    kind.as_deref() == Some("opaque")
}

/// How long a server that is asked only this has.
const MOST_MILLISECONDS: i32 = 5_000;
