//! Real servers that stand in for the clouds; each is killed when it is dropped.
//!
//! - [`Seaweed`]: S3, signatures and conditions included, and the XML side of Google Cloud Storage;
//! - [`Azurite`]: the same for Azure;
//! - [`FakeGcs`]: Google Cloud Storage, to be read from;
//! - [`Process`]: any other server;
//! - [`request`]: plain HTTP, by another client than the one under test.

#[path = "servers/azurite.rs"]
mod azurite;
#[path = "servers/fake_gcs.rs"]
mod fake_gcs;
#[path = "servers/http.rs"]
mod http;
#[path = "servers/process.rs"]
mod process;
#[path = "servers/seaweed.rs"]
mod seaweed;

pub use azurite::Azurite;
pub use fake_gcs::FakeGcs;
pub use http::{encoded, request};
pub use process::{Process, free_port, tool};
pub use seaweed::{Seaweed, Users};
