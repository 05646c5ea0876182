//! `localstorage://`: small models in a browser's local storage. Empty on other targets.
//!
//! A model is five keys, exactly as TensorFlow.js writes them, below `tensorflowjs_models/PATH/`,
//! where `PATH` is everything after `localstorage://`, taken literally. Browsers give an origin
//! about 5 million characters in all; what needs more goes to `indexeddb://`. Workers have no local
//! storage: there every operation is `Unsupported`.
//!
//! Where to look, in reading order:
//!
//! - [`LocalStorageHandler`]: save and load; [`LocalStorageStore`]: list, stat, remove, copy, rename;
//! - `record`: a model as five texts and back;
//! - `storage`: keys and room, one tab at a time; `journal`: all keys of a model or none;
//! - `look`: what other tabs have just saved.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod handler;
mod store;

mod journal;
mod keys;
mod look;
mod record;
mod storage;

pub use handler::{LocalStorageHandler, REGISTRATION};
pub use store::LocalStorageStore;
