//! HDF5: what Keras needs of it, read and written.
//!
//! The only place that knows the crate which reads; nothing outside names its types.

mod attributes;
mod dataset;
mod datatype;
mod pages;
mod read;
mod write;

pub(crate) use attributes::AttributeValue;
pub(crate) use dataset::Dataset;
pub(crate) use read::{Group, Hdf5, Members};
pub(crate) use write::{GroupBuilder, write_file};

#[cfg(test)]
mod tests;
