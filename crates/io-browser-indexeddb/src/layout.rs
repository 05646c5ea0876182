//! Which of the two layouts a save writes, and how large its pieces are.

use std::num::NonZeroU64;

use io_core::{Capabilities, Error, ErrorKind, HandlerOptions, Result};
use io_manifest::MAX_SHARDS;

/// The setting that names the layout.
const LAYOUT: &str = "layout";

/// The most bytes that go into one record unless somebody asks for it. A record is in memory twice
/// while the browser stores it, and somewhere below 2 GB the tab is ended for it.
const MAX_RECORD_BYTES: u64 = 1 << 30;

/// The size of a piece.
const PIECE_BYTES: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();

/// How a model is stored. Loads read both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// By its size.
    Auto,
    /// One record with all weights, as TensorFlow.js has it.
    Record,
    /// A record, and the weights in Blobs of their own.
    Blobs,
}

impl Layout {
    /// # Errors
    ///
    /// `InvalidInput` when there is no such layout or setting.
    pub(crate) fn read(options: &HandlerOptions) -> Result<Self> {
        match options.read_settings(&[LAYOUT])?.text(LAYOUT) {
            None => Ok(Self::Auto),
            Some("record") => Ok(Self::Record),
            Some("blobs") => Ok(Self::Blobs),
            Some(other) => {
                let message =
                    format!("option `{LAYOUT}` is `{other}`, expected `record` or `blobs`");
                Err(Error::new(ErrorKind::InvalidInput, message))
            }
        }
    }

    /// Whether weights of so many bytes go into pieces.
    pub(crate) fn is_in_pieces(self, weight_bytes: u64) -> bool {
        match self {
            Self::Auto => weight_bytes > MAX_RECORD_BYTES,
            Self::Record => false,
            Self::Blobs => true,
        }
    }

    /// What a handler with this layout can do, of all that its crate can.
    pub(crate) fn capabilities(self, all: Capabilities) -> Capabilities {
        // A record is in memory as a whole.
        let mut these = all;
        these.stream &= self == Self::Blobs;
        these
    }
}

/// The size of each piece but the last.
///
/// # Errors
///
/// `InvalidInput` when there would be too many.
pub(crate) fn piece_bytes(options: &HandlerOptions, total: u64) -> Result<NonZeroU64> {
    let size = options.shard_bytes.unwrap_or(PIECE_BYTES);
    let count = total.div_ceil(size.get());
    if count <= MAX_SHARDS {
        return Ok(size);
    }
    let message = format!("pieces of {size} bytes would be {count} in all");
    Err(Error::new(ErrorKind::InvalidInput, message)
        .with_hint(format!("pieces of {} bytes or more will do", total.div_ceil(MAX_SHARDS))))
}
