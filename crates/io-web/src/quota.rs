//! How much this origin may still store.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::global;

/// How many bytes this origin may still store, by the browser's estimate; `None` where it makes
/// none, as on pages without a secure connection.
pub async fn free_space() -> Option<u64> {
    let storage = global().find(&["navigator", "storage"])?;
    let estimate: Function = Reflect::get(&storage, &"estimate".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = estimate.call0(&storage).ok()?.dyn_into().ok()?;
    let estimate = JsFuture::from(promise).await.ok()?;
    let number = |key: &str| Reflect::get(&estimate, &key.into()).ok()?.as_f64();
    // A number of bytes: no fraction, and far below 2^53. A cast saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Some((number("quota")? - number("usage")?).max(0.0) as u64)
}
