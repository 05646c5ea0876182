//! A transaction: all or nothing, and told only when it is complete.
//!
//! A transaction ends by itself as soon as nothing is asked of it, so nothing else may be waited for
//! while it is open. Here that cannot happen: all requests are made at once, or from the callback of
//! an earlier one, and the only thing to wait for is the end.

use std::{cell::RefCell, rc::Rc};

use io_core::{Error, ErrorKind, Result};
use io_web::on;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, IdbObjectStore, IdbRequest, IdbTransaction};

use crate::database::Database;

#[wasm_bindgen]
extern "C" {
    type DatabaseWithOptions;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DatabaseWithOptions,
        stores: &Array,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

/// What Chromium undoes a transaction with when it cannot write a large value. A browser that was
/// just started has room for 500 MB on their way to the disk, however much there is on the disk.
const TOO_MUCH: &str = "DataError";

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A transaction over all stores of a database. Dropped before its end it is undone.
#[derive(Debug)]
pub(crate) struct Transaction {
    raw: IdbTransaction,
    end: Promise,
    ended: bool,
    /// The callbacks of requests, and what one of them failed with.
    callbacks: Vec<Closure<dyn FnMut(Event)>>,
    failure: Rc<RefCell<Option<Error>>>,
}

impl Transaction {
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn begin(database: &Database, access: Access) -> Result<Self> {
        let stores: Array = database.stores().iter().map(|&store| JsValue::from(store)).collect();
        let options = Object::new();
        let mode = match access {
            Access::Read => "readonly",
            Access::Write => {
                // Browsers that do not know the word pass over it.
                Reflect::set(&options, &"durability".into(), &"strict".into())
                    .map_err(on("cannot set an option"))?;
                "readwrite"
            }
        };
        let raw = database
            .raw()
            .unchecked_ref::<DatabaseWithOptions>()
            .transaction(&stores, mode, &options)
            .map_err(on("the browser begins no transaction"))?;
        let end = Promise::new(&mut |resolve, _| {
            raw.set_oncomplete(Some(&resolve));
            // An error of a request ends here as well, since nobody prevents it.
            raw.set_onabort(Some(&resolve));
        });
        let (callbacks, failure) = (Vec::new(), Rc::default());
        Ok(Self { raw, end, ended: false, callbacks, failure })
    }

    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn store(&self, name: &str) -> Result<IdbObjectStore> {
        self.raw.object_store(name).map_err(on("the browser does not find its records"))
    }

    /// Goes on with `next` when `request` has its result, inside the transaction. What `next` fails
    /// with undoes the transaction and is what waiting for it fails with.
    pub(crate) fn then(
        &mut self,
        request: &IdbRequest,
        next: impl FnOnce(JsValue) -> Result<()> + 'static,
    ) {
        let (raw, failure, mut next) = (self.raw.clone(), self.failure.clone(), Some(next));
        let callback = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let request = event.target().and_then(|target| target.dyn_into::<IdbRequest>().ok());
            let result = request.and_then(|request| request.result().ok());
            let Some(next) = next.take() else { return };
            if let Err(error) = next(result.unwrap_or(JsValue::UNDEFINED)) {
                *failure.borrow_mut() = Some(error);
                let _ = raw.abort();
            }
        });
        request.set_onsuccess(Some(callback.as_ref().unchecked_ref()));
        self.callbacks.push(callback);
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// What a callback failed with, or why the browser undid the transaction; then nothing has
    /// changed.
    pub(crate) async fn end(mut self) -> Result<()> {
        let message = "the browser's database undid the change";
        let event: Event =
            JsFuture::from(self.end.clone()).await.map_err(on(message))?.unchecked_into();
        self.ended = true;
        if event.type_() == "complete" {
            return Ok(());
        }
        if let Some(error) = self.failure.borrow_mut().take() {
            return Err(error);
        }
        Err(match self.raw.error() {
            Some(thrown) if thrown.name() == TOO_MUCH => {
                let message = "the browser does not take so much at once";
                Error::new(ErrorKind::OutOfMemory, message)
                    .with_source(io_web::JsError::new(&thrown))
            }
            Some(thrown) => io_web::error(message, &thrown),
            None => Error::new(ErrorKind::Cancelled, message),
        })
    }
}

/// Whether a transaction was undone since what it stored was too much at once.
pub(crate) fn is_too_much_at_once(error: &Error) -> bool {
    error.kind() == ErrorKind::OutOfMemory
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            self.raw.set_oncomplete(None);
            self.raw.set_onabort(None);
            // Fails when it came to its end meanwhile; then there is nothing to undo.
            let _ = self.raw.abort();
        }
    }
}

/// The result of a request whose transaction is complete.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) fn result(request: &IdbRequest) -> Result<JsValue> {
    request.result().map_err(on("the browser's database has no answer"))
}
