//! Attributes: strings of every form in which HDF5 has them.

use hdf5_reader::{
    Datatype, StringPadding, StringSize, VarLenKind,
    messages::{attribute::AttributeMessage, dataspace::DataspaceType},
};
use io_core::{Error, Result};

use super::read::unreadable;

/// An attribute of a group or a dataset.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Text that cannot be read matters only to who asks for it.
    pub(crate) value: Result<AttributeValue>,
}

/// What Keras stores in attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeValue {
    /// Text, of a scalar or of each element; whatever the character set says, it is UTF-8.
    Strings(Vec<String>),
    /// No elements, of any type: Keras writes an empty list of strings as one of floats.
    Empty,
    /// Something else, which nothing needs.
    Other,
}

/// Decodes what `message` holds. Text of variable length is fetched by `resolve`, which gets a
/// reference. `budget` is what all text together may take.
///
/// # Errors
///
/// `Corrupt` when text is not UTF-8 or is not there, or is more than `budget`.
pub(super) fn decode(
    message: &AttributeMessage,
    reference_size: usize,
    resolve: impl Fn(&[u8]) -> std::result::Result<Vec<u8>, hdf5_reader::error::Error>,
    budget: &mut u64,
) -> Result<AttributeValue> {
    let count = match message.dataspace.dataspace_type {
        DataspaceType::Scalar => 1,
        DataspaceType::Null => 0,
        DataspaceType::Simple => message.dataspace.num_elements().map_err(unreadable)?,
    };
    let bytes = message.raw_data.as_slice();
    Ok(if count == 0 {
        AttributeValue::Empty
    } else {
        match &message.datatype {
            Datatype::String { size: StringSize::Fixed(width), padding, .. } => {
                let width = usize::try_from(*width).unwrap_or(usize::MAX);
                let texts = elements(&message.name, bytes, width, count)?;
                let texts =
                    texts.map(|text| decode_text(&message.name, fixed(text, *padding), budget));
                AttributeValue::Strings(texts.collect::<Result<_>>()?)
            }
            Datatype::String { size: StringSize::Variable, .. }
            | Datatype::VarLen { kind: VarLenKind::String, .. } => {
                let references = elements(&message.name, bytes, reference_size, count)?;
                let texts = references.map(|reference| {
                    let text = resolve(reference).map_err(unreadable)?;
                    decode_text(&message.name, trim(&text, 0), budget)
                });
                AttributeValue::Strings(texts.collect::<Result<_>>()?)
            }
            _ => AttributeValue::Other,
        }
    })
}

/// `count` elements of `size` bytes, which are all there.
fn elements<'a>(
    name: &str,
    bytes: &'a [u8],
    size: usize,
    count: u64,
) -> Result<impl Iterator<Item = &'a [u8]>> {
    let there = bytes.len().checked_div(size).unwrap_or_default();
    if count > there as u64 {
        return Err(Error::corrupt(format!(
            "the attribute `{name}` has {there} of its {count} elements"
        )));
    }
    let count = usize::try_from(count).unwrap_or_default();
    // `size` is not 0, since there is an element.
    Ok(bytes.chunks_exact(size.max(1)).take(count))
}

fn fixed(text: &[u8], padding: StringPadding) -> &[u8] {
    match padding {
        StringPadding::SpacePad => trim(text, b' '),
        StringPadding::NullTerminate => text.split(|&byte| byte == 0).next().unwrap_or_default(),
        StringPadding::NullPad => trim(text, 0),
    }
}

fn trim(mut text: &[u8], padding: u8) -> &[u8] {
    while let [rest @ .., last] = text
        && *last == padding
    {
        text = rest;
    }
    text
}

fn decode_text(name: &str, text: &[u8], budget: &mut u64) -> Result<String> {
    *budget = budget.checked_sub(text.len() as u64 + 16).ok_or_else(|| {
        Error::corrupt(format!("the attribute `{name}` has more text than its file could hold"))
    })?;
    let text = std::str::from_utf8(text).map_err(|error| not_text(name).with_source(error))?;
    Ok(text.to_owned())
}

fn not_text(name: &str) -> Error {
    Error::corrupt(format!("the attribute `{name}` is not text"))
}
