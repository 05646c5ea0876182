//! `file://`: models in directories.
//!
//! A model is a directory with `model.json` and the weight files that it names, exactly as
//! tfjs-node writes them; `file:///path/to/model` and `file:///path/to/model/model.json` both name
//! it. A path that ends in another `.json` names that file, whose weights are beside it. The text
//! after `file://` is a path, taken literally: `file://./m` and `file://m` are relative, and `%20` is
//! three characters.
//!
//! Where to look, in reading order:
//!
//! - [`FsHandler`]: save and load; [`FsStore`]: list, stat, remove, copy, rename;
//! - [`FsOptions`]: how files are read and how durable a save is;
//! - [`open_file`], [`save_file`]: one file that is no model of TensorFlow.js;
//! - [`advice()`]: what a path is that has no model; [`companions()`]: files beside a model;
//! - `publish`: the protocol that makes a save all or nothing. `docs/decisions/0004-file-saves.md`
//!   has its states and what each leaves after a crash;
//! - `references`: which weight files the other models of a directory have, and so what stays;
//! - `model_dir`: which symbolic links are followed, with `docs/decisions/0012-symbolic-links.md`;
//! - `snapshot` and `source`: how a load sees one model though others save.
#![cfg(not(target_family = "wasm"))]

mod handler;
mod store;

mod location;
mod options;

mod advice;
mod companions;
mod created;
mod files;
mod gc;
mod one_file;
mod publish;
mod staging;
mod writer;

mod read;
mod snapshot;
mod source;
mod version;

mod error;
mod model_dir;
mod references;
mod sync;

pub use advice::advice;
pub use companions::{companions, remove_companion};
pub use files::FsFiles;
pub use handler::{FsHandler, REGISTRATION};
pub use one_file::{open_file, save_file};
pub use options::{FsOptions, ReadMode, Symlinks};
pub use store::FsStore;
