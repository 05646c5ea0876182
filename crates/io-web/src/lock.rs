//! Web Locks: one tab at a time.

use std::{cell::RefCell, rc::Rc};

use futures::channel::oneshot;
use io_core::Result;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::{global, on};

/// Who may hold a lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// One writer and no reader.
    Exclusive,
    /// Any number of readers.
    Shared,
}

/// A lock that this tab holds, or waits for, until it is dropped.
#[derive(Debug)]
pub struct TabLock {
    release: Option<Function>,
}

impl Drop for TabLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // The `resolve` of a promise, which never throws.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits for the lock `name` of this origin.
///
/// Where there are no such locks, as on pages without a secure connection, nothing is locked: one
/// tab is safe from itself in any case, as long as it does not wait in the middle.
///
/// # Errors
///
/// `PermissionDenied` where locks may not be used.
pub async fn lock(name: &str, mode: LockMode) -> Result<TabLock> {
    Ok(request(name, mode, false).await?.unwrap_or(TabLock { release: None }))
}

/// The exclusive lock `name` of this origin, if nobody holds it or waits for it; `None` otherwise,
/// and where there are no such locks, since then nobody knows.
///
/// # Errors
///
/// `PermissionDenied` where locks may not be used.
pub async fn try_lock(name: &str) -> Result<Option<TabLock>> {
    request(name, LockMode::Exclusive, true).await
}

async fn request(name: &str, mode: LockMode, only_now: bool) -> Result<Option<TabLock>> {
    let locks = global().find(&["navigator", "locks"]);
    let request = locks.as_ref().and_then(|locks| Reflect::get(locks, &"request".into()).ok());
    let request = request.and_then(|request| request.dyn_into::<Function>().ok());
    let (Some(locks), Some(request)) = (locks, request) else { return Ok(None) };

    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    // From here on dropping this future releases the lock, or gives it back as soon as it comes.
    let lock = TabLock { release };
    let (granted, wait) = oneshot::channel::<Result<bool, JsValue>>();
    let granted = Rc::new(RefCell::new(Some(granted)));
    let tell = move |granted: &RefCell<Option<oneshot::Sender<_>>>, outcome| {
        if let Some(granted) = granted.borrow_mut().take() {
            // Nobody may be waiting any more.
            let _ = granted.send(outcome);
        }
    };
    let on_granted = {
        let granted = granted.clone();
        Closure::once_into_js(move |lock: JsValue| {
            tell(&granted, Ok(!lock.is_null()));
            held
        })
    };
    let options = Object::new();
    let word = if mode == LockMode::Shared { "shared" } else { "exclusive" };
    for (key, value) in [("mode", word.into()), ("ifAvailable", only_now.into())] {
        Reflect::set(&options, &key.into(), &value).map_err(on("cannot ask for a lock"))?;
    }
    let promise = request
        .call3(&locks, &name.into(), &options, &on_granted)
        .map_err(on("the browser does not let us use locks"))?;
    let refused: JsValue =
        Closure::once_into_js(move |reason: JsValue| tell(&granted, Err(reason)));
    if let (Ok(promise), Ok(refused)) = (promise.dyn_into::<Promise>(), refused.dyn_into()) {
        let catch = Reflect::get(&promise, &"catch".into()).and_then(JsValue::dyn_into::<Function>);
        if let Ok(catch) = catch {
            let refused: Function = refused;
            let _ = catch.call1(&promise, &refused);
        }
    }
    match wait.await {
        Ok(Err(reason)) => Err(crate::error("the browser does not give us its lock", &reason)),
        Ok(Ok(false)) => Ok(None),
        // Granted; the other side is never dropped without a word.
        Ok(Ok(true)) | Err(_) => Ok(Some(lock)),
    }
}
