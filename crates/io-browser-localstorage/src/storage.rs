//! The browser's local storage: all keys of a model or none, one tab at a time.

use std::time::Duration;

use io_core::{Error, ErrorKind, Result, WriteMode};
use io_manifest::FileIntegrity;
use io_web::{LockMode, TabLock, buffer_length, global, integrity_of, on};
use js_sys::{ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::{
    journal::{self, NOTE},
    keys::Keys,
    record::{self, Decoded, Texts},
};

/// The lock that our tabs take. TensorFlow.js takes none.
const LOCK: &str = "modelport/localstorage";

/// Within which time what one tab did reaches another.
const ARRIVAL: Duration = Duration::from_millis(50);

/// How many UTF-16 units a browser stores for one origin at most, keys included. None tells, but
/// none of those known stores more.
const MOST_UNITS: u64 = 5 << 20;

const BYTES_PER_UNIT: u64 = 2;

/// The texts of a model, as they are stored.
pub(crate) type StoredTexts = Texts<String, JsString>;

/// The texts of a model, as far as they are there.
pub(crate) type FoundTexts = Texts<Option<String>, Option<JsString>>;

/// The local storage of this origin. Its calls wait for nothing, so nothing else in this tab
/// happens between two of them.
#[derive(Clone, Debug)]
pub(crate) struct Storage(web_sys::Storage);

#[wasm_bindgen]
extern "C" {
    /// The same, for texts that stay in JavaScript.
    type JsStorage;

    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn get_item(this: &JsStorage, key: &str) -> Result<Option<JsString>, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setItem)]
    fn set_item(this: &JsStorage, key: &str, text: &JsString) -> Result<(), JsValue>;
}

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

    /// Keeps other tabs from writing, and with `Exclusive` from reading, until it is dropped. What
    /// a tab that died had left half done is done or undone before.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` where locks may not be used.
    pub(crate) async fn lock(&self, mode: LockMode) -> Result<TabLock> {
        loop {
            let lock = io_web::lock(LOCK, mode).await?;
            if !self.has(NOTE) {
                return Ok(lock);
            }
            drop(lock);
            let _exclusive = io_web::lock(LOCK, LockMode::Exclusive).await?;
            // The tab may be alive and done, and the rest of what it did on its way to us.
            io_web::sleep(ARRIVAL).await?;
            journal::settle(self)?;
        }
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
    pub(crate) fn read(&self, keys: &Keys) -> Result<FoundTexts> {
        let [info, topology, specs, data, metadata] = &keys.names;
        Ok(FoundTexts {
            info: self.get(info)?,
            topology: self.get(topology)?,
            specs: self.get(specs)?,
            data: self.get_text(data)?,
            metadata: self.get(metadata)?,
        })
    }

    /// Sets all keys of a model or none. `weights` is what the text of the weights stands for.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists` when there is a model and `mode` does not replace.
    /// - `QuotaExceeded` when there is no room.
    pub(crate) fn write(
        &self,
        keys: &Keys,
        texts: &StoredTexts,
        weights: FileIntegrity,
        mode: WriteMode,
    ) -> Result<()> {
        if mode == WriteMode::Create && self.has(keys.info()) {
            let message = "there already is a model of this name";
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        journal::save(self, keys, texts, weights).map_err(|error| {
            if !matches!(error.kind(), ErrorKind::QuotaExceeded { .. }) {
                return error;
            }
            let Texts { info, topology, specs, data, metadata } = texts;
            let small = keys.names.iter().chain([info, topology, specs, metadata]);
            let needed = small.map(|text| units(text) as u64).sum::<u64>();
            let needed = (needed + u64::from(data.length())) * BYTES_PER_UNIT;
            // More than that was there, if it would have been enough.
            let available = self.available_for(keys).ok().filter(|available| *available < needed);
            let refused = no_room(needed, available).with_source(error);
            if available.is_none() && self.has(keys.info()) {
                refused.with_hint(
                    "remove the model of this name first, or use indexeddb:// instead: while a \
                     model is replaced, the topologies of both take room",
                )
            } else {
                refused
            }
        })
    }

    /// How many bytes a model may have that takes the place of the one that has these keys.
    fn available_for(&self, keys: &Keys) -> Result<u64> {
        let mut used = 0;
        for key in self.keys()?.iter().filter(|key| !keys.names.contains(key)) {
            used += self.units_of(key)? as u64;
        }
        Ok(MOST_UNITS.saturating_sub(used) * BYTES_PER_UNIT)
    }

    /// # Errors
    ///
    /// `QuotaExceeded` when there is no room, and then the key is what it was.
    pub(crate) fn set(&self, key: &str, text: &str) -> Result<()> {
        self.0.set_item(key, text).map_err(on("the browser does not store the model"))
    }

    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn unset(&self, key: &str) -> Result<()> {
        self.0.remove_item(key).map_err(on("the browser does not let us remove the model"))
    }

    /// How much a key and its value take; nothing, when there is no such key.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn units_of(&self, key: &str) -> Result<usize> {
        let length = self.get_text(key)?.map(|text| text.length() as usize);
        Ok(length.map_or(0, |length| units(key) + length))
    }

    /// [`Self::get`] of a text that stays in JavaScript.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws.
    pub(crate) fn get_text(&self, key: &str) -> Result<Option<JsString>> {
        let storage: &JsStorage = self.0.unchecked_ref();
        storage.get_item(key).map_err(on("the browser does not let us read local storage"))
    }

    /// [`Self::set`] of a text that is in JavaScript.
    ///
    /// # Errors
    ///
    /// Those of [`Self::set`].
    pub(crate) fn set_text(&self, key: &str, text: &JsString) -> Result<()> {
        let storage: &JsStorage = self.0.unchecked_ref();
        storage.set_item(key, text).map_err(on("the browser does not store the model"))
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
        let [info, topology, specs, data, _] = &keys.names;
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

/// How much of what a browser counts a text takes.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn no_room(needed: u64, available: Option<u64>) -> Error {
    let kind = ErrorKind::QuotaExceeded { needed: Some(needed), available };
    Error::new(kind, "the model does not fit into the browser's local storage")
        .with_hint("use indexeddb:// instead, which has room for large models")
}

impl Decoded for ArrayBuffer {
    fn byte_length(&self) -> u64 {
        buffer_length(self)
    }

    fn integrity(&self) -> Result<FileIntegrity> {
        integrity_of(&Uint8Array::new(self))
    }
}
