//! Tensors of Hugging Face. A model of TensorFlow.js keeps all its parts in the metadata, so that it
//! comes back whole.

mod header;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
