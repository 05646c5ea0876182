//! The weight files of one model, one by one, for those who look for what is wrong with it.

use std::{fmt, ops::Range};

use io_core::{BoxFuture, MaybeSend, MaybeSync, Result};

use crate::{FileIntegrity, ModelJson};

/// A model file that was read, and the weight files that it names, each asked about by itself: one
/// that is missing does not hide the others. What it finds need not be of one instant, unlike a load.
///
/// Paths are those of [`ModelJson::files`].
pub trait ModelFiles: fmt::Debug + MaybeSend + MaybeSync {
    /// The model file.
    fn model(&self) -> &ModelJson;

    /// How many bytes a weight file has, by what the place says; none of them is read.
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied`, `Network`, …: what the place refuses with.
    fn length<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<u64>>;

    /// Reads a weight file to its end.
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied`, `Network`, …: what the place refuses with.
    fn integrity<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<FileIntegrity>>;

    /// Asks for some bytes of a weight file, of which it must have more, and says whether those and
    /// no others were sent.
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied`, `Network`, …: what the place refuses with.
    fn keeps_range<'a>(&'a self, path: &'a str, range: Range<u64>) -> BoxFuture<'a, Result<bool>>;
}
