//! `opfs://`: models in a browser's origin-private file system. Empty on other targets.
//!
//! The name of a model is everything after `opfs://`, taken literally. Pages have it and workers
//! too, on secure connections. Models of any size stream through: weights are written and read in
//! pieces, and never as a whole in memory.
//!
//! In the directory `modelport` of the file system:
//!
//! - `models/NAME.json`, the name percent-encoded: a line of ours, then the `model.json` of
//!   TensorFlow.js. The browser replaces a file in one step, and that step is the save.
//! - `weights/ID`: the weights of one save, under a name that no other save uses.
//!
//! Where to look, in reading order:
//!
//! - [`OpfsHandler`]: save and load; [`OpfsStore`]: list, stat, remove, copy;
//! - `place`: the two directories, and the lock for what has to be done in one step;
//! - `record`: the text of a model; `staged`: weights that are being written; `sweep`: what was
//!   left of saves that were cut short;
//! - `files`: what the browser offers, as functions that fail with our errors.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod handler;
mod store;

mod place;
mod record;
mod staged;
mod sweep;

mod files;

pub use handler::{OpfsHandler, REGISTRATION};
pub use store::OpfsStore;
