//! Base64 as TensorFlow.js stores it: written piece by piece, read as browsers read it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use io_core::{Error, ErrorKind, Result};

/// Padding is written; readers take it or leave it, and odd bits at the end, as `atob` does.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 in the making.
#[derive(Debug, Default)]
pub struct Base64Encoder {
    text: String,
    /// Bytes that do not fill a group of three.
    rest: Vec<u8>,
}

impl Base64Encoder {
    /// Room for `bytes` bytes.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when there is none.
    pub fn with_capacity(bytes: u64) -> Result<Self> {
        let mut text = String::new();
        let length = usize::try_from(bytes.div_ceil(3).saturating_mul(4)).unwrap_or(usize::MAX);
        text.try_reserve_exact(length).map_err(|error| {
            Error::new(ErrorKind::OutOfMemory, "the weights do not fit into memory")
                .with_source(error)
        })?;
        Ok(Self { text, rest: Vec::new() })
    }

    /// Adds bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(3 - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < 3 {
                return;
            }
            ENGINE.encode_string(&self.rest, &mut self.text);
            self.rest.clear();
        }
        let (groups, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
        ENGINE.encode_string(groups, &mut self.text);
        self.rest.extend_from_slice(rest);
    }

    /// The text.
    pub fn finish(mut self) -> String {
        ENGINE.encode_string(&self.rest, &mut self.text);
        self.text
    }
}

/// The bytes of a text: blanks are passed over and the padding may be missing, as for `atob`.
///
/// # Errors
///
/// `Corrupt` when it is not base64.
pub fn decode_base64(mut text: String) -> Result<Bytes> {
    let is_blank = |unit: char| matches!(unit, '\t' | '\n' | '\x0C' | '\r' | ' ');
    if text.contains(is_blank) {
        text.retain(|unit| !is_blank(unit));
    }
    let bytes = ENGINE
        .decode(text.as_bytes())
        .map_err(|error| Error::corrupt("the weights are not base64").with_source(error))?;
    Ok(bytes.into())
}
