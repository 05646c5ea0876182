//! The window or the worker that runs us, and what it has.

use std::fmt;

use io_core::{Error, ErrorKind, Result};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle, IdbFactory, Storage};

use crate::on;

#[wasm_bindgen]
extern "C" {
    /// `globalThis`. Each property is there in some scopes and missing in others, and reading one
    /// may throw: in a frame that may not store anything, for instance.
    #[derive(Clone, Debug)]
    pub type Global;

    #[wasm_bindgen(method, getter, catch, js_name = localStorage)]
    fn raw_local_storage(this: &Global) -> Result<Option<Storage>, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = indexedDB)]
    fn raw_indexed_db(this: &Global) -> Result<Option<IdbFactory>, JsValue>;
}

/// What kind of scope runs us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A page: there is a document.
    Page,
    /// A worker of some kind.
    Worker,
    /// Neither: no browser.
    Other,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "this page",
            Self::Worker => "a worker",
            Self::Other => "a program that is no browser page",
        })
    }
}

/// `globalThis`.
pub fn global() -> Global {
    js_sys::global().unchecked_into()
}

impl Global {
    /// What kind of scope this is.
    pub fn context(&self) -> Context {
        if self.has("document") {
            Context::Page
        } else if self.has("WorkerGlobalScope") {
            Context::Worker
        } else {
            Context::Other
        }
    }

    /// The local storage of this origin.
    ///
    /// # Errors
    ///
    /// `Unsupported` where there is none, as in a worker; `PermissionDenied` where it may not be
    /// used.
    pub fn local_storage(&self) -> Result<Storage> {
        let storage =
            self.raw_local_storage().map_err(on("the browser does not let us use localStorage"))?;
        storage.ok_or_else(|| self.missing("localStorage"))
    }

    /// The databases of this origin.
    ///
    /// # Errors
    ///
    /// `Unsupported` where there are none; `PermissionDenied` where they may not be used.
    pub fn indexed_db(&self) -> Result<IdbFactory> {
        let factory =
            self.raw_indexed_db().map_err(on("the browser does not let us use IndexedDB"))?;
        factory.ok_or_else(|| self.missing("IndexedDB"))
    }

    /// The root of the private file system of this origin.
    ///
    /// # Errors
    ///
    /// `Unsupported` where there is none, as on pages without a secure connection;
    /// `PermissionDenied` where it may not be used.
    pub async fn private_files(&self) -> Result<FileSystemDirectoryHandle> {
        let missing = || self.missing("the private file system");
        let failed = "the browser does not let us use the private file system";
        let storage = self.find(&["navigator", "storage"]).ok_or_else(missing)?;
        let open = Reflect::get(&storage, &"getDirectory".into()).map_err(on(failed))?;
        let open: Function = open.dyn_into().map_err(|_| missing())?;
        let promise: Promise = open.call0(&storage).map_err(on(failed))?.unchecked_into();
        Ok(JsFuture::from(promise).await.map_err(on(failed))?.unchecked_into())
    }

    /// A property that may be missing, and may throw.
    pub(crate) fn find(&self, path: &[&str]) -> Option<JsValue> {
        let mut value: JsValue = self.clone().into();
        for name in path {
            value = Reflect::get(&value, &(*name).into()).ok()?;
            if value.is_null() || value.is_undefined() {
                return None;
            }
        }
        Some(value)
    }

    fn has(&self, name: &str) -> bool {
        self.find(&[name]).is_some()
    }

    fn missing(&self, what: &str) -> Error {
        let message = format!("{what} is not available in {}", self.context());
        Error::new(ErrorKind::Unsupported, message)
    }
}
