//! The npm package's half in WebAssembly: models by URL, for the modules in `js/`. Empty elsewhere.
//!
//! JavaScript sees a handful of functions. Each takes URLs as text and one object of options, and
//! returns a promise; what it rejects with is a plain object, of which `js/error.js` makes an error.
//!
//! - `models`, `convert`: the functions;
//! - `artifacts`, `weights`, `info`: what passes through them;
//! - `options`, `run`, `error`, `wording`: how they are called, cancelled, and fail.
#![cfg(target_family = "wasm")]
// The macro exports them to JavaScript; in Rust they are nobody's.
#![allow(unreachable_pub, missing_debug_implementations)]

#[cfg(feature = "convert")]
mod convert;
#[cfg(feature = "downloads")]
mod files;
mod models;
mod schemes;

mod artifacts;
mod info;
mod object;
mod weights;

mod error;
mod options;
mod run;
mod wording;
