//! Writing HDF5: all places are planned from the sizes, so that data streams through.
//!
//! The file has a superblock of version 2, groups with compact links, and contiguous datasets:
//! what every libhdf5 since 1.8 reads. The same input gives the same bytes.

mod builder;
mod heap;
mod layout;
mod messages;

pub(crate) use builder::GroupBuilder;
pub(crate) use layout::write_file;
