//! `indexeddb://`: models in a browser's database. Empty on other targets.
//!
//! Database, stores and records are those of TensorFlow.js: each reads what the other saved. A
//! model is the record of its name, which is everything after `indexeddb://`, taken literally; its
//! weights are one `ArrayBuffer`. Pages have it and workers too.
//!
//! A model of more than 1 GiB, or one that the browser does not take as one record, or of any size
//! with the setting `layout=blobs`, has its weights in Blobs in a database beside it (`shard_bytes`
//! each, 64 MiB by default), written and read as they stream. TensorFlow.js lists, copies and removes
//! it, but fails when it loads it.
//!
//! Weights that are [`io_web::JsWeights`] never enter our memory: their one `ArrayBuffer` goes into
//! the record as it is, and what a load gives is that of the record. Such a save has no checksum.
//!
//! Where to look, in reading order:
//!
//! - [`IndexedDbHandler`]: save and load; [`IndexedDbStore`]: list, stat, remove, copy, rename;
//! - `record`: a model as the records of TensorFlow.js and back;
//! - `layout`, `write`, `pieces`, `collect`: where weights go, and how what is left of them goes;
//! - `transaction`: all records or none, told only when they are stored;
//! - `database`: a connection that stands in nobody's way.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod handler;
mod store;

mod layout;
mod record;
mod write;

mod collect;
mod pieces;

mod database;
mod transaction;

pub use handler::{IndexedDbHandler, REGISTRATION};
pub use store::IndexedDbStore;
