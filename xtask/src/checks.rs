//! The cells of the matrix that are checks of ours and not one command.

pub(crate) mod absence;
pub(crate) mod api;
pub(crate) mod deny;
pub(crate) mod features;
pub(crate) mod guide;
pub(crate) mod minimal;
pub(crate) mod msrv;
mod rustdoc;
pub(crate) mod surface;
