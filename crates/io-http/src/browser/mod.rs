//! What pages and workers are made of: `fetch`, the browser's timers. `native` is the same for
//! programs.

mod abort;
mod explain;
mod form;
mod init;
mod javascript;
mod reply;
mod settings;
mod task;
mod transport;
mod url;

pub(crate) use form::{Form, Payload};
pub(crate) use init::PageOptions;
pub(crate) use reply::Reply;
pub(crate) use settings::{NAMES, read};
pub(crate) use task::{Instant, Spawned, sleep, spawn, timeout_at, within};
pub(crate) use transport::Transport;
pub(crate) use url::{Origin, Url};

/// Whether a range can be asked for on condition of the version. A page would have to ask the
/// server first whether it may (CORS), and few say yes: versions are compared here.
pub(crate) const ASKS_IF_RANGE: bool = false;

/// Whether requests can ask for a body that is not compressed; a browser asks for what it likes.
pub(crate) const ASKS_IDENTITY: bool = false;

/// Whether a header may have come that is not shown: those of another origin, unless it says so.
pub(crate) const HIDES_HEADERS: bool = true;

/// Where weight files may be.
pub(crate) const SCHEMES: &[&str] = &["http", "https", "blob", "data"];

/// From 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}
