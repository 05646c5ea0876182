//! The browser's local storage: all keys of a model or none, one tab at a time.

use io_core::{Error, ErrorKind, Result, WriteMode};
use io_web::{LockMode, TabLock, global, on};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::{
    keys::Keys,
    record::{self, Texts},
};

/// The lock that our tabs take. TensorFlow.js takes none.
const LOCK: &str = "modelport/localstorage";

/// How many UTF-16 units a browser stores for one origin at most, keys included. None tells, but
/// none of those known stores more.
const MOST_UNITS: u64 = 5 << 20;

const BYTES_PER_UNIT: u64 = 2;

/// The local storage of this origin. Its calls wait for nothing, so nothing else in this tab
/// happens between two of them.
#[derive(Clone, Debug)]
pub(crate) struct Storage(web_sys::Storage);

impl Storage {
    /// # Errors
    ///
    /// `Unsupported` where there is none, `PermissionDenied` where it may not be used.
    pub(crate) fn open() -> Result<Self> {
        global().local_storage().map(Self).map_err(|error| {
            if error.kind() == ErrorKind::Unsupported {
                error.with_hint("use indexeddb:// instead, which workers have too")
            } else {
                error
            }
        })
    }

    /// Keeps other tabs from writing, and with `Exclusive` from reading, until it is dropped.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` where locks may not be used.
    pub(crate) async fn lock(&self, mode: LockMode) -> Result<TabLock> {
        io_web::lock(LOCK, mode).await
    }

    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn get(&self, key: &str) -> Result<Option<String>> {
        self.0.get_item(key).map_err(on("the browser does not let us read local storage"))
    }

    /// Whether there is a value, without bringing it over.
    pub(crate) fn has(&self, key: &str) -> bool {
        Reflect::has(&self.0, &JsValue::from(key)).unwrap_or(false)
    }

    /// The texts of a model, as far as they are there.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn read(&self, keys: &Keys) -> Result<[Option<String>; 5]> {
        let mut texts = [const { None }; 5];
        for (key, text) in keys.0.iter().zip(&mut texts) {
            *text = self.get(key)?;
        }
        Ok(texts)
    }

    /// Sets all keys of a model or none: when one cannot be set, the old values come back, for
    /// which there was room.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists` when there is a model and `mode` does not replace.
    /// - `QuotaExceeded` when there is no room.
    pub(crate) fn write(&self, keys: &Keys, texts: &Texts, mode: WriteMode) -> Result<()> {
        let old = self.read(keys)?;
        if mode == WriteMode::Create && self.has(keys.info()) {
            let message = "there already is a model of this name";
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        let pairs = keys.0.iter().zip(texts);
        let written = pairs.clone().try_for_each(|(key, text)| self.0.set_item(key, text));
        written.map_err(|thrown| {
            self.put_back(keys, &old);
            let needed = units(pairs) * BYTES_PER_UNIT;
            match io_web::error("the browser does not store the model", &thrown) {
                error if matches!(error.kind(), ErrorKind::QuotaExceeded { .. }) => {
                    no_room(needed, None).with_source(error)
                }
                error => error,
            }
        })
    }

    fn put_back(&self, keys: &Keys, old: &[Option<String>; 5]) {
        // First room is made, then it is used; what fails now could not be helped.
        for key in &keys.0 {
            let _ = self.0.remove_item(key);
        }
        for (key, text) in keys.0.iter().zip(old) {
            if let Some(text) = text {
                let _ = self.0.set_item(key, text);
            }
        }
    }

    /// Removes the keys of a model; the first is the one by which it is there.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn remove(&self, keys: &Keys) -> Result<()> {
        keys.0.iter().try_for_each(|key| {
            self.0.remove_item(key).map_err(on("the browser does not let us remove the model"))
        })
    }

    /// All keys of this origin.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn keys(&self) -> Result<Vec<String>> {
        let count =
            self.0.length().map_err(on("the browser does not let us read local storage"))?;
        let mut keys = Vec::new();
        for index in 0..count {
            let key = self.0.key(index);
            keys.extend(key.map_err(on("the browser does not let us read local storage"))?);
        }
        // In an order of ours: browsers may change theirs with every write.
        keys.sort_unstable();
        Ok(keys)
    }

    /// Fails when a model whose weights have `bytes` bytes can be stored by no browser.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded`, before a byte has been read.
    pub(crate) fn check_room(bytes: u64) -> Result<()> {
        let units = bytes.div_ceil(3).saturating_mul(4);
        if units > MOST_UNITS {
            let needed = units.saturating_mul(BYTES_PER_UNIT);
            return Err(no_room(needed, Some(MOST_UNITS * BYTES_PER_UNIT)));
        }
        Ok(())
    }

    /// Whether all keys that a model must have are there.
    ///
    /// # Errors
    ///
    /// `NotFound`, naming what is missing.
    pub(crate) fn check_complete(&self, keys: &Keys) -> Result<()> {
        let [info, topology, specs, data, _] = &keys.0;
        if !self.has(info) {
            return Err(record::not_found());
        }
        for (key, what) in [(topology, "topology"), (specs, "weight specs"), (data, "weights")] {
            if !self.has(key) {
                return Err(record::missing(what));
            }
        }
        Ok(())
    }
}

/// How much pairs of keys and texts take.
fn units<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> u64 {
    let length = |text: &str| text.encode_utf16().count() as u64;
    pairs.map(|(key, text)| length(key) + length(text)).sum()
}

fn no_room(needed: u64, available: Option<u64>) -> Error {
    let kind = ErrorKind::QuotaExceeded { needed: Some(needed), available };
    Error::new(kind, "the model does not fit into the browser's local storage")
        .with_hint("use indexeddb:// instead, which has room for large models")
}
