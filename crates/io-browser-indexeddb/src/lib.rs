//! `indexeddb://`: models in a browser's database. Empty on other targets.
//!
//! Database, stores and records are those of TensorFlow.js: each reads what the other saved. A
//! model is the record of its name, which is everything after `indexeddb://`, taken literally; its
//! weights are one `ArrayBuffer`. Pages have it and workers too.
//!
//! Where to look, in reading order:
//!
//! - [`IndexedDbHandler`]: save and load; [`IndexedDbStore`]: list, stat, remove, copy, rename;
//! - `record`: a model as the records of TensorFlow.js and back;
//! - `transaction`: all records or none, told only when they are stored;
//! - `database`: a connection that stands in nobody's way.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod handler;
mod store;

mod record;
mod weights;

mod database;
mod transaction;

pub use handler::{IndexedDbHandler, REGISTRATION};
pub use store::IndexedDbStore;
