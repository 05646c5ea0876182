//! Ending a request: when nobody waits for it, or when the caller's signal says so.

use io_core::Result;
use io_web::on;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AbortController, AbortSignal};

/// Ends its request when it is dropped.
#[derive(Debug)]
pub(super) struct Abort {
    controller: AbortController,
    outer: Option<(AbortSignal, Closure<dyn FnMut()>)>,
}

impl Abort {
    /// Ends the request also when `outer` says so.
    ///
    /// # Errors
    ///
    /// `Unexpected` where requests cannot be ended.
    pub(super) fn new(outer: Option<&AbortSignal>) -> Result<Self> {
        let controller = AbortController::new().map_err(on("requests cannot be cancelled here"))?;
        let mut abort = Self { controller, outer: None };
        if let Some(signal) = outer {
            let inner = abort.controller.clone();
            let forward = Closure::new(move || inner.abort());
            let listener = forward.as_ref().unchecked_ref();
            signal
                .add_event_listener_with_callback("abort", listener)
                .map_err(on("the signal cannot be listened to"))?;
            if signal.aborted() {
                abort.controller.abort();
            }
            abort.outer = Some((signal.clone(), forward));
        }
        Ok(abort)
    }

    pub(super) fn signal(&self) -> AbortSignal {
        self.controller.signal()
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some((signal, forward)) = &self.outer {
            let listener = forward.as_ref().unchecked_ref();
            // It is there, or nobody calls it any more.
            let _ = signal.remove_event_listener_with_callback("abort", listener);
        }
        self.controller.abort();
    }
}
