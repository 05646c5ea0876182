//! The contract of modelport.
//!
//! A *handler* saves and loads one model at one URL; a *store* lists and manages the models of one
//! place. This crate defines both traits, the data that passes through them, and the registry that
//! finds a handler by the scheme of a URL. It knows no runtime, no platform and no scheme but its
//! own reference, `memory://`.
//!
//! Where to look, in reading order:
//!
//! - [`IOHandler`] and [`ModelStore`]: what an implementor owes and a caller may assume;
//! - [`ModelArtifacts`], [`WeightSpec`], [`Weights`]: a model in memory, or streaming;
//! - [`ModelUrl`], [`HandlerOptions`], [`Capabilities`]: how a model is named and opened;
//! - [`Registry`], [`register_handler!`], [`link_handlers!`]: how a scheme finds its handler;
//! - [`Error`] and [`ErrorKind`]: what went wrong, by what the caller can do about it;
//! - [`memory`]: the reference handler.

mod maybe_send;

mod garbage;
mod handler;
mod store;

mod artifacts;
mod dtype;
mod info;
mod json;
mod weight_spec;
mod weights;

mod capabilities;
mod options;
mod printable;
mod progress;
mod url;

mod registration;
mod registry;

mod error;

pub mod memory;

pub use artifacts::ModelArtifacts;
pub use capabilities::Capabilities;
pub use dtype::{DType, QuantizationDType};
pub use error::{BoxError, Error, ErrorKind, Operation, Result};
pub use garbage::{Garbage, GarbageList, GcOptions};
pub use handler::{IOHandler, SaveResult};
pub use info::{ModelArtifactsInfo, now};
pub use json::{Json, JsonNumber};
pub use maybe_send::{BoxFuture, BoxStream, MaybeSend, MaybeSync};
pub use options::{HandlerOptions, SettingsReader, WriteMode};
pub use printable::{printable_date, printable_name};
pub use progress::{Progress, ProgressCallback, ProgressMeter};
pub use registration::{KnownScheme, OpenHandler, OpenStore, Registration};
pub use registry::Registry;
pub use store::{ModelEntry, ModelList, ModelStore};
pub use url::{CollapsedUrl, ModelUrl, collapsed_url, is_inside, redact};
pub use weight_spec::{Quantization, WeightSpec};
pub use weights::{WeightSource, WeightStream, Weights};

/// What the macros of this crate expand to. Not public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::registration::{Submitted, link};
    pub use inventory;
}
