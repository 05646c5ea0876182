//! Bytes that are made when somebody reads them: parts of others, one after the other, converted.
//!
//! Everything here is a [`Weights`](io_core::Weights): a known length, and a fresh stream of any
//! range as often as it is asked for. Files are read and written through it alike.

mod concat;
mod convert;
mod slice;
mod zeros;

pub(crate) use concat::concat;
pub(crate) use convert::{Conversion, converted};
pub(crate) use slice::{read_exact, slice};
pub(crate) use zeros::zeros;
