//! A future as a promise that an `AbortSignal` cancels.

use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, LocalBoxFuture},
};
use js_sys::Promise;
use modelport::{Error, ErrorKind, ModelUrl, Result};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::future_to_promise;
use web_sys::AbortSignal;

use crate::{error, options};

/// The promise of `work` on the models at `urls`. When the signal among the options says so, the
/// future is dropped, which undoes what it did, and the promise is rejected.
pub(crate) fn run<T: Into<JsValue>>(
    urls: Vec<ModelUrl>,
    options: &JsValue,
    work: impl Future<Output = Result<T>> + 'static,
) -> Promise {
    promise(urls, options, async { work.await.map(Into::into) }.boxed_local())
}

/// One type of future: each further one would make the package larger.
fn promise(
    urls: Vec<ModelUrl>,
    options: &JsValue,
    work: LocalBoxFuture<'static, Result<JsValue>>,
) -> Promise {
    let signal = options::signal(options);
    future_to_promise(async move {
        let result = match signal {
            Ok(None) => work.await,
            Ok(Some(signal)) => until_aborted(&signal, work).await,
            Err(error) => Err(error),
        };
        let urls: Vec<&ModelUrl> = urls.iter().collect();
        result.map_err(|error| error::to_js(&error, &urls))
    })
}

async fn until_aborted(
    signal: &AbortSignal,
    work: LocalBoxFuture<'static, Result<JsValue>>,
) -> Result<JsValue> {
    let (abort, registration) = AbortHandle::new_pair();
    if signal.aborted() {
        return Err(cancelled());
    }
    let listener = Closure::<dyn FnMut()>::new(move || abort.abort());
    let function = listener.as_ref().unchecked_ref();
    let failed = "the signal cannot be listened to";
    signal.add_event_listener_with_callback("abort", function).map_err(io_web::on(failed))?;
    let result = Abortable::new(work, registration).await;
    // The listener is of no use any more, and neither is what this could throw.
    let _ = signal.remove_event_listener_with_callback("abort", function);
    result.unwrap_or_else(|_| Err(cancelled()))
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the operation was aborted")
}
