//! One URL, any place: save, load, list, copy, move and remove models in the TensorFlow.js format.
//!
//! ```
//! # futures::executor::block_on(async {
//! use modelport::{DType, Json, ModelArtifacts, WeightSpec, Weights};
//!
//! let model = ModelArtifacts {
//!     model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#)?),
//!     weight_specs: Some(vec![WeightSpec::new("dense/bias", [2], DType::Float32)]),
//!     weight_data: Some(Weights::from(vec![0; 8])),
//!     ..ModelArtifacts::default()
//! };
//! modelport::save("memory://demo", model).await?;
//! modelport::copy_model("memory://demo", "memory://backup/demo").await?;
//!
//! let loaded = modelport::load("memory://backup/demo").await?;
//! assert_eq!(loaded.weight_data_bytes(), 8);
//! # Ok::<(), modelport::Error>(()) }).unwrap();
//! ```
//!
//! Every function takes a URL as text, as a path or as a [`ModelUrl`]; text without a scheme is the
//! path of a file. Each has a twin that ends in `_with` and takes [`HandlerOptions`]: progress,
//! checksums, shard sizes, and the settings of one handler.
//!
//! | Feature | Crate | Schemes |
//! | --- | --- | --- |
//! | `fs` (default) | `io-fs` | `file://` |
//! | `http` | `io-http` | `http://`, `https://` |
//! | `aws` | `io-object-store` | `s3://`, `s3a://` |
//! | `gcp` | `io-object-store` | `gs://` |
//! | `azure` | `io-object-store` | `az://`, `abfs://`, `abfss://`, `adl://`, `azure://` |
//! | `localstorage` | `io-browser-localstorage` | `localstorage://`, in browsers |
//! | `indexeddb` | `io-browser-indexeddb` | `indexeddb://`, in browsers |
//! | `opfs` | `io-opfs` | `opfs://`, in browsers |
//! | always there | `io-core` | `memory://` |
//!
//! The features `ndarray` and `safetensors` give [`manifest::Tensor`] `to_array` and `to_safetensors`:
//! weights for those crates, without a copy where there need be none.
//!
//! Natively, [`blocking`] has the same functions for programs without an async runtime.
//!
//! A handler of another crate is in the program as soon as that crate is linked, see
//! [`link_handlers!`]. To choose the handlers oneself, build a [`Registry`] and use its methods and
//! [`transfer`].

mod advice;
#[cfg(not(target_family = "wasm"))]
pub mod blocking;
#[cfg(not(target_family = "wasm"))]
pub mod companions;
#[cfg(not(target_family = "wasm"))]
pub mod doctor;
mod gc;
mod models;
#[cfg(not(target_family = "wasm"))]
mod one_file;
pub mod transfer;
mod verify;

mod url;

mod backends;

#[cfg(all(feature = "cache", not(target_family = "wasm")))]
pub use io_http::{Cache, CacheEntry};

pub use backends::{BACKENDS, KNOWN_SCHEMES, registry};
pub use gc::gc;
pub use models::{
    handler, handler_with, list_models, list_models_with, load, load_tensors, load_tensors_with,
    load_with, remove_model, remove_model_with, save, save_with, stat_model, stat_model_with,
    store, store_with,
};
#[cfg(not(target_family = "wasm"))]
pub use one_file::{open_file, save_file};
pub use transfer::TransferOptions;
pub use url::{IntoModelUrl, url};
pub use verify::{VerifyReport, verify_model, verify_model_with};

pub use io_core::{
    BoxError, BoxFuture, BoxStream, Capabilities, DType, Error, ErrorKind, Garbage, GarbageList,
    GcOptions, HandlerOptions, IOHandler, Json, JsonNumber, KnownScheme, MaybeSend, MaybeSync,
    ModelArtifacts, ModelArtifactsInfo, ModelEntry, ModelList, ModelStore, ModelUrl, Operation,
    Progress, ProgressCallback, ProgressMeter, Quantization, QuantizationDType, Registration,
    Registry, Result, SaveResult, SettingsReader, WeightSource, WeightSpec, WeightStream, Weights,
    WriteMode, link_handlers, memory, printable_date, register_handler,
};

/// `model.json`, shards and tensors: what the handlers share.
pub use io_manifest as manifest;

/// Copies the model at `from` to `to`, replacing what is there. The weights stream through.
///
/// # Errors
///
/// Those of [`transfer::copy_model`].
pub async fn copy_model(from: impl IntoModelUrl, to: impl IntoModelUrl) -> Result<SaveResult> {
    copy_model_with(from, to, &TransferOptions::new()).await
}

/// [`copy_model`] with options for either side.
///
/// # Errors
///
/// Those of [`transfer::copy_model`].
pub async fn copy_model_with(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    let (from, to) = (from.into_model_url()?, to.into_model_url()?);
    transfer::copy_model(&registry()?, &from, &to, options).await
}

/// Moves the model at `from` to `to`, replacing what is there. The source is removed only after the
/// destination has been read back and compared.
///
/// # Errors
///
/// Those of [`transfer::move_model`].
pub async fn move_model(from: impl IntoModelUrl, to: impl IntoModelUrl) -> Result<SaveResult> {
    move_model_with(from, to, &TransferOptions::new()).await
}

/// [`move_model`] with options for either side.
///
/// # Errors
///
/// Those of [`transfer::move_model`].
pub async fn move_model_with(
    from: impl IntoModelUrl,
    to: impl IntoModelUrl,
    options: &TransferOptions,
) -> Result<SaveResult> {
    let (from, to) = (from.into_model_url()?, to.into_model_url()?);
    transfer::move_model(&registry()?, &from, &to, options).await
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
