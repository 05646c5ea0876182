//! `s3://`, `gs://`, `az://`: models in object stores.
//!
//! A model is a prefix with `model.json` and the weight objects that it names, as TensorFlow.js
//! reads them over HTTP; `s3://bucket/path/to/model` and `s3://bucket/path/to/model/model.json` both
//! name it. A key that ends in another `.json` names that object, whose weights are beside it. The
//! text after the bucket is the key, taken literally: `%20` is three characters, `?` and `#` are one.
//!
//! An object store cannot rename, so each save gives its weight objects names of their own
//! (`weights.0123456789abcdef-….bin`). They are written first; one conditional put of `model.json` is
//! the commit; then the objects of the model that was replaced are removed. A reader that still
//! holds the old `model.json` gets `Conflict`, never other bytes.
//!
//! Where to look, in reading order:
//!
//! - [`ObjectStoreHandler`]: save and load; [`ObjectModelStore`]: list, stat, remove, copy, rename,
//!   and [`gc`](ObjectModelStore::gc), which finds what killed saves left behind;
//! - [`ObjectStoreOptions`]: what can be set for every store. Each cloud is a feature and a module:
//!   `aws`, `azure`, `gcp`; without any, a store that the caller hands over works;
//! - [`place()`] and [`probe_conditions`](ObjectModelStore::probe_conditions), for those who look after a
//!   store;
//! - `publish` and `upload`: how a save is all or nothing;
//! - `snapshot` and `source`: how a load sees one model though others save.
//!
//! All requests run on a small runtime of this crate, so that callers need none. In pages and workers
//! they are the browser's own `fetch`, on its own loop.

mod handler;
mod store;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(feature = "gcp")]
pub mod gcp;

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod clients;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod cloud;
#[cfg(all(any(feature = "aws", feature = "azure", feature = "gcp"), not(target_family = "wasm")))]
mod connect;
#[cfg(all(feature = "aws", not(target_family = "wasm")))]
mod credentials;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub mod environment;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod form;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod http;
#[cfg(all(any(feature = "aws", feature = "azure", feature = "gcp"), not(target_family = "wasm")))]
mod network;
#[cfg(all(any(feature = "aws", feature = "azure", feature = "gcp"), target_family = "wasm"))]
mod page;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod place;
#[cfg(feature = "aws")]
mod regions;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod signing;

mod listing;
mod location;
mod names;
mod options;

mod cutter;
mod publish;
mod upload;

mod snapshot;
mod source;

mod companions;
mod conditions;
mod files;
mod gc;
mod left;
mod one_object;
mod references;
mod transfer;
#[cfg(all(any(feature = "aws", feature = "gcp"), not(target_family = "wasm")))]
mod uploads;

mod error;
mod objects;
mod runtime;

#[cfg(all(test, feature = "aws", feature = "azure", feature = "gcp", not(target_family = "wasm")))]
mod settings_tests;

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub use cloud::{Origin, Setting};
pub use conditions::{Condition, Conditions};
pub use files::ObjectFiles;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub use place::{Place, place};

pub use handler::{CAPABILITIES, ObjectStoreHandler};
pub use options::{ObjectStoreOptions, OnConflict};
pub use store::ObjectModelStore;
