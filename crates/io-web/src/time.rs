//! Time: a pause that lets the browser do something else.

use std::time::Duration;

use io_core::{Error, ErrorKind, Result};
use js_sys::{Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::{global, on};

/// Waits at least this long; with no time at all it gives the browser one turn.
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
    let mut thrown = None;
    let elapsed = Promise::new(&mut |resolve, _| {
        thrown = timer.call2(&global(), &resolve, &milliseconds.into()).err();
    });
    if let Some(value) = thrown {
        return Err(crate::error("the browser sets no timer", &value));
    }
    JsFuture::from(elapsed).await.map_err(on("the browser's timer failed"))?;
    Ok(())
}
