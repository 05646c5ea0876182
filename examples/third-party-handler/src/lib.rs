//! `sqlite://file.db?model=name`: models in a SQLite database, for [modelport].
//!
//! Link this crate, and every function of modelport takes such URLs:
//!
//! ```
//! # futures::executor::block_on(async {
//! # let folder = tempfile::tempdir().unwrap();
//! # let db = folder.path().join("models.db").display().to_string();
//! # let model = modelport::ModelArtifacts {
//! #     model_topology: Some(modelport::Json::parse("{}")?), ..Default::default() };
//! modelport::link_handlers!(modelport_sqlite);
//!
//! modelport::save(format!("sqlite://{db}?model=team/mnist"), model).await?;
//! modelport::copy_model(format!("sqlite://{db}?model=team/mnist"), "memory://mnist").await?;
//! # Ok::<(), modelport::Error>(()) }).unwrap();
//! ```
//!
//! The file is created by the first save. Everything after `?model=` is the name of the model;
//! without it the URL is the place where all models of the file are.
//!
//! [modelport]: https://docs.rs/modelport

mod database;
mod error;
mod handler;
mod location;
mod store;
mod weights;

pub use handler::{REGISTRATION, SqliteHandler};
pub use store::SqliteStore;
