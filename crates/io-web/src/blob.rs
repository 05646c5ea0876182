//! Bytes that the browser keeps, on disk when they are large.

use io_core::Result;
use js_sys::Array;
use web_sys::{Blob, BlobPropertyBag};

use crate::{
    bytes::{copy_in, new_array},
    error::on,
};

/// What is gathered before the browser gets it.
const PIECE_BYTES: u64 = 4 << 20;

/// A Blob in the making: what has been pushed leaves our memory piece by piece.
#[derive(Debug)]
pub struct BlobBuilder {
    kind: &'static str,
    blobs: Array,
    arrays: Array,
    gathered: u64,
}

impl BlobBuilder {
    /// An empty Blob of the media type `kind`.
    pub fn new(kind: &'static str) -> Self {
        Self { kind, blobs: Array::new(), arrays: Array::new(), gathered: 0 }
    }

    /// Adds `bytes` at the end.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when the browser takes no more.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let array = new_array(bytes.len() as u64)?;
        copy_in(&array, 0, bytes)?;
        self.arrays.push(&array);
        self.gathered += bytes.len() as u64;
        if self.gathered >= PIECE_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// The Blob.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when the browser takes no more.
    pub fn finish(mut self) -> Result<Blob> {
        self.hand_over()?;
        join_blob(&self.blobs, self.kind)
    }

    /// Gives the browser what is gathered.
    fn hand_over(&mut self) -> Result<()> {
        self.blobs.push(join_blob(&self.arrays, self.kind)?.as_ref());
        (self.arrays, self.gathered) = (Array::new(), 0);
        Ok(())
    }
}

/// One Blob of buffers, arrays and Blobs.
///
/// # Errors
///
/// `OutOfMemory` when the browser takes no more.
pub fn join_blob(pieces: &Array, kind: &str) -> Result<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    // The name is that of one of several equal constructors.
    Blob::new_with_blob_sequence_and_options(pieces, &options)
        .map_err(on("the browser does not take the bytes"))
}
