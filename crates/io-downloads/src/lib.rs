//! `downloads://`: models as files that the browser downloads, and models from files that a person
//! picked in the page. Empty on other targets.
//!
//! `downloads://PREFIX` gives `PREFIX.json` and `PREFIX.weights.bin`, as TensorFlow.js does; without
//! a prefix they begin with `model`. What a browser cannot have in a file name becomes `_`, in the
//! name and in the model file alike.
//!
//! A page may offer files and never learns what becomes of them: a person may refuse one of them,
//! choose other names, or have no room left, and a browser that has a file of that name already adds
//! a number to it. So a save has succeeded when all files are offered. Nothing is offered before the
//! last byte of the weights has been read and summed.
//!
//! Where to look, in reading order:
//!
//! - [`DownloadsHandler`]: save; `names`, `blobs` and `offer` are its three steps;
//! - [`FilesHandler`]: load from picked files; `matching` finds the file of each path,
//!   `picked` reads it when it is needed.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod handler;

mod blobs;
mod names;
mod offer;

mod files;
mod matching;
mod picked;

pub use files::FilesHandler;
pub use handler::{DownloadsHandler, REGISTRATION};
