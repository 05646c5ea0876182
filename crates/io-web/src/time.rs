//! Time: a pause that lets the browser do something else.

use std::time::Duration;

use io_core::{Error, ErrorKind, Result};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{global, on};

/// Waits at least this long; with no time at all it gives the browser one turn. Dropping it takes the
/// timer back.
///
/// # Errors
///
/// `Unsupported` where there is no clock to wait for.
pub async fn sleep(time: Duration) -> Result<()> {
    let timer: Function = global()
        .find(&["setTimeout"])
        .and_then(|timer| timer.dyn_into().ok())
        .ok_or_else(|| Error::new(ErrorKind::Unsupported, "there is no `setTimeout` here"))?;
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let mut set = Ok(JsValue::UNDEFINED);
    let elapsed = Promise::new(&mut |resolve, _| {
        set = timer.call2(&global(), &resolve, &milliseconds.into());
    });
    let _timer = Timer(set.map_err(on("the browser sets no timer"))?);
    JsFuture::from(elapsed).await.map_err(on("the browser's timer failed"))?;
    Ok(())
}

/// A timer, by what `setTimeout` gave.
struct Timer(JsValue);

impl Drop for Timer {
    fn drop(&mut self) {
        let clear = global().find(&["clearTimeout"]).and_then(|it| it.dyn_into::<Function>().ok());
        if let Some(clear) = clear {
            // One that has rung is passed over.
            let _ = clear.call1(&global(), &self.0);
        }
    }
}
