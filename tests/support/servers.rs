//! Real servers that stand in for the clouds; each is killed when it is dropped.
//!
//! - [`Seaweed`]: S3, signatures and conditions included, and the XML side of Google Cloud Storage;
//! - [`Moto`]: S3 once more, by others who read the same documents;
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
#[path = "servers/moto.rs"]
mod moto;
#[path = "servers/process.rs"]
mod process;
#[path = "servers/s3.rs"]
mod s3;
#[path = "servers/seaweed.rs"]
mod seaweed;

pub use azurite::Azurite;
pub use fake_gcs::FakeGcs;
pub use http::{encoded, request};
pub use moto::Moto;
pub use process::{Process, free_port, tool};
pub use seaweed::{Seaweed, Users};
