//! A server that receives models as TensorFlow.js uploads them, and serves them.
//!
//! [`router`] is the whole of it as an [`axum::Router`], to be run with [`serve`] or nested in a
//! program of one's own. Behind it is any store that a [`Registry`](modelport::Registry) knows.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use modelport_server::{ListenOptions, ServerOptions, Tokens, router, serve};
//!
//! let tokens = Tokens::read_file("tokens.txt".as_ref())?;
//! let options = ServerOptions::new().with_write_tokens(tokens);
//! let root = modelport::ModelUrl::parse("file:///srv/models")?;
//! let router = router(modelport::registry()?, root, options)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8500").await?;
//! serve(listener, router, ListenOptions::new(), std::future::pending()).await?;
//! # Ok(()) }
//! ```
//!
//! Where to look, in reading order:
//!
//! - `routes`: what is where;
//! - `upload`, `form`, `arriving`: a request body becomes a model, all or nothing;
//! - `versions`, `computed`, `siblings`, `download`: one version of a model, and the requests for it;
//! - `manage`: listing, removing, copying, moving; `extra`: files beside models;
//! - `access`, `name`, `problem`: who may do what to which name, and what is said when it fails;
//! - `listen`, `connections`, `admission`, `host`, `tls`: connections.

mod routes;
mod state;

mod arriving;
mod form;
mod spool;
mod upload;
mod uploads;

mod coding;
mod computed;
mod conditions;
mod download;
mod siblings;
mod versions;

mod extra;
mod manage;

mod access;
mod name;
mod options;
mod problem;

mod describe;
mod drain;
mod log;

mod admission;
mod connections;
mod host;
mod listen;
mod tls;

pub use access::Tokens;
pub use extra::FilePattern;
pub use listen::{ListenOptions, serve};
pub use name::ModelName;
pub use options::{Limits, ServerOptions};
pub use routes::router;
pub use tls::Tls;
