//! Where requests run: on a runtime of our own natively, on the browser's loop in a page.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
pub(crate) use browser::{retrying, spawn, spawn_detached};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{retrying, spawn, spawn_detached};
