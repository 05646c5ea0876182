//! `http://` and `https://`: models on web servers.
//!
//! A load reads `model.json` and then its weight files, which stay on the server until they are
//! read. A save is one request with a `multipart/form-data` body of `model.json` and
//! `model.weights.bin`, as TensorFlow.js sends it. A URL is used as it is given: one that names a
//! directory is asked for as it is, and the weights are beside it by the rules of URLs.
//!
//! What may be relied on, beyond the contract of `io-core`:
//!
//! - **Every answer is checked**: its status, its length against the manifest, checksums as the
//!   bytes pass. An HTML page or a Git LFS pointer in place of weights is named as such.
//! - **A cut body goes on where it stopped** (`Range` with `If-Range`), or starts again and is
//!   compared with what was passed on already; bytes of two versions are never joined.
//! - **A compressed body is decoded** where a server sends one though none was requested, no further
//!   than the manifest says; it is never resumed by ranges.
//! - **Credentials stay at home**: user information, `Authorization`, `Cookie` and every other
//!   header that was set go to the origin of the model's URL and nowhere else, redirects and weight
//!   URLs included, unless [`HttpOptions::trusted_origins`] names the other one.
//! - **What may have happened is not repeated**: a `POST` is sent again only where the server did
//!   not have all of it, or said that it did not act on it (408, 429, 503).
//!
//! Natively no runtime is needed: requests run on a small one of this crate. In pages and workers they
//! are the browser's own `fetch`: it follows redirects and unpacks bodies itself, so that a header
//! that was set keeps redirects from being followed to where it might leak, and a form is handed over
//! whole, as `Blob`s, before it is sent.
//!
//! A server of modelport says so at `/.well-known/modelport`; there, and nowhere else, models are
//! listed, looked at, removed, copied and renamed ([`HttpStore`]), and a save can refuse to replace.
//!
//! Feature `cache`, native only: copies on the local disk, each used only when the model file's
//! checksum or the server says that it is what would come; offline, only with the model file that it
//! came with.
//!
//! Where to look, in reading order:
//!
//! - [`HttpHandler`], [`HttpStore`], [`HttpOptions`]: what can be done, and what can be set;
//! - `resolve`: from the model's URL to those of its weights; `retry`, `response`, `encoding`, `speed`,
//!   `credentials`: the rules, which know no transport;
//! - `download`: one weight file, whatever the network does; `source`: all of them in order;
//! - `upload`: a save; `service`: what a server says that it does; `cache`;
//! - `native`, `browser`: what requests are made with, the same from outside.
#![cfg_attr(
    target_family = "wasm",
    allow(clippy::arc_with_non_send_sync, reason = "there is one thread; natively they are")
)]

mod handler;
mod options;
mod settings;
mod store;

mod ask;
mod credentials;
mod encoding;
mod resolve;
mod response;
mod retry;
mod speed;

#[cfg(not(target_family = "wasm"))]
mod cors;
#[cfg(not(target_family = "wasm"))]
mod decode;
mod download;
mod files;
mod model;
mod one_file;
mod probe;
mod service;
mod source;
mod upload;
mod weight_file;

#[cfg(all(feature = "cache", not(target_family = "wasm")))]
mod cache;
#[cfg(any(not(feature = "cache"), target_family = "wasm"))]
#[path = "no_cache.rs"]
mod cache;

mod error;
mod exchange;

#[cfg(target_family = "wasm")]
#[path = "browser/mod.rs"]
mod platform;
#[cfg(not(target_family = "wasm"))]
#[path = "native/mod.rs"]
mod platform;

#[cfg(all(feature = "cache", not(target_family = "wasm")))]
pub use cache::{Cache, CacheEntry};
#[cfg(not(target_family = "wasm"))]
pub use cors::Cors;
pub use files::HttpFiles;
pub use handler::{HttpHandler, REGISTRATION};
#[cfg(not(target_family = "wasm"))]
pub use options::ProxyChoice;
pub use options::{HttpOptions, WeightUrl};
pub use store::HttpStore;
