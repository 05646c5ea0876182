//! What programs are made of: reqwest, rustls, a runtime. `browser` is the same for pages.

mod activity;
mod decoded;
mod error;
mod form;
mod multipart;
mod proxy;
mod redirect;
mod runtime;
mod settings;
mod tls;
mod transport;

pub(crate) use form::{Form, Payload};
pub(crate) use runtime::{Instant, Spawned, sleep, spawn, timeout_at, within};
pub(crate) use settings::{NAMES, read};
pub(crate) use transport::{Reply, Transport};
pub(crate) use url::{Origin, Url};

/// Whether a range can be asked for on condition of the version.
pub(crate) const ASKS_IF_RANGE: bool = true;

/// Whether requests can ask for a body that is not compressed; a browser asks for what it likes.
pub(crate) const ASKS_IDENTITY: bool = true;

/// Whether a header may have come that is not shown.
pub(crate) const HIDES_HEADERS: bool = false;

/// Where weight files may be.
pub(crate) const SCHEMES: &[&str] = &["http", "https"];

/// From 0 to 1.
pub(crate) fn random() -> f64 {
    fastrand::f64()
}
