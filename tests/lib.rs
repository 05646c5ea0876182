//! Shared helpers of the end-to-end tests.
//!
//! - [`fixtures`]: the models that reference software wrote;
//! - [`keras_files`]: the files that Keras wrote;
//! - [`program`]: the program `modelport`, run as a user runs it;
//! - [`mod@reference`]: real TensorFlow.js and the Python reader;
//! - [`mod@servers`]: real servers that stand in for the clouds;
//! - [`model`]: model folders as plain files, read with nothing of ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a helper that fails is a test that fails"
)]

#[path = "support/fixtures.rs"]
pub mod fixtures;
#[path = "support/keras_files.rs"]
pub mod keras_files;
#[path = "support/model.rs"]
pub mod model;
#[path = "support/program.rs"]
pub mod program;
#[path = "support/reference.rs"]
pub mod reference;
#[path = "support/servers.rs"]
pub mod servers;
