//! Zip archives, as far as Keras has them.

mod read;
mod sum;
mod write;

pub(crate) use read::Archive;
pub(crate) use write::write;
