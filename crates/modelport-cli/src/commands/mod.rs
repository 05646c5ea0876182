//! The commands, a file each.

#[cfg(feature = "cache")]
pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod info;
pub(crate) mod list;
pub(crate) mod man;
#[cfg(feature = "serve")]
mod reload;
pub(crate) mod remove;
pub(crate) mod schemes;
#[cfg(feature = "serve")]
pub(crate) mod serve;
mod show;
pub(crate) mod transfer;
pub(crate) mod verify;
