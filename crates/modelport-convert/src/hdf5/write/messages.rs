//! The messages of object headers.

use hdf5_reader::{checksum::jenkins_lookup3, messages as ids};
use io_core::{Error, ErrorKind, Result};

use super::{
    builder::{DatasetBuilder, Value},
    heap::Place,
};
use crate::number::Number;

/// An address that stands for none.
pub(super) const UNDEFINED: u64 = u64::MAX;

/// An object header in the making.
#[derive(Debug, Default)]
pub(super) struct Header(Vec<u8>);

impl Header {
    /// Adds a message.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is longer than 64 KiB.
    fn message(&mut self, id: u16, body: &[u8]) -> Result<()> {
        let size = u16::try_from(body.len()).map_err(|_| {
            Error::new(ErrorKind::InvalidInput, "a name or an attribute is too long for HDF5")
        })?;
        // All numbers of messages that we write are below 256.
        self.0.push(u8::try_from(id).unwrap_or_default());
        self.0.extend_from_slice(&size.to_le_bytes());
        self.0.push(0);
        self.0.extend_from_slice(body);
        Ok(())
    }

    /// What every group has.
    pub(super) fn group(&mut self) -> Result<()> {
        let mut info = vec![0, 0];
        info.extend_from_slice(&UNDEFINED.to_le_bytes());
        info.extend_from_slice(&UNDEFINED.to_le_bytes());
        self.message(ids::MSG_LINK_INFO, &info)?;
        self.message(ids::MSG_GROUP_INFO, &[0, 0])
    }

    /// What an object with attributes has: they are all in its header. Without, libhdf5 counts none.
    pub(super) fn attribute_info(&mut self) -> Result<()> {
        let mut info = vec![0, 0];
        info.extend_from_slice(&UNDEFINED.to_le_bytes());
        info.extend_from_slice(&UNDEFINED.to_le_bytes());
        self.message(ids::MSG_ATTRIBUTE_INFO, &info)
    }

    /// A member of a group.
    pub(super) fn link(&mut self, name: &str, address: u64) -> Result<()> {
        // A name in UTF-8, whose length has two bytes.
        let mut body = vec![1, 0b1_0001, 1];
        body.extend_from_slice(&length16(name)?.to_le_bytes());
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&address.to_le_bytes());
        self.message(ids::MSG_LINK, &body)
    }

    /// An attribute. `reference` is where its text is in the heap, if it is one text.
    pub(super) fn attribute(
        &mut self,
        name: &str,
        value: &Value,
        reference: Option<[u8; 16]>,
    ) -> Result<()> {
        let (datatype, dataspace, data) = match value {
            Value::Text(_) => (text_type(), scalar(), reference.unwrap_or_default().to_vec()),
            Value::List { texts, width } => {
                let mut data = Vec::with_capacity(texts.len().saturating_mul(*width));
                for (index, text) in (1..).zip(texts) {
                    data.extend_from_slice(text.as_bytes());
                    data.resize(width.saturating_mul(index), 0);
                }
                (fixed_type(*width), simple(&[texts.len() as u64])?, data)
            }
            Value::Empty => (number_type(Number::Float64)?, simple(&[0])?, Vec::new()),
        };
        let name_length = length16(name)?.saturating_add(1);
        let mut body = vec![3, 0];
        body.extend_from_slice(&name_length.to_le_bytes());
        for part in [&datatype, &dataspace] {
            // Both are a few bytes.
            body.extend_from_slice(&u16::try_from(part.len()).unwrap_or_default().to_le_bytes());
        }
        body.push(1);
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(&datatype);
        body.extend_from_slice(&dataspace);
        body.extend_from_slice(&data);
        self.message(ids::MSG_ATTRIBUTE, &body)
    }

    /// What every dataset has; its data lies at `address`.
    pub(super) fn dataset(&mut self, dataset: &DatasetBuilder, address: u64) -> Result<()> {
        let shape = &dataset.shape;
        let dataspace = if shape.is_empty() { scalar() } else { simple(shape)? };
        self.message(ids::MSG_DATASPACE, &dataspace)?;
        self.message(ids::MSG_DATATYPE, &number_type(dataset.number)?)?;
        // The default fill value, allocated late.
        self.message(ids::MSG_FILL_VALUE, &[3, 0b1010])?;
        let size = dataset.data.byte_length();
        let mut layout = vec![3, 1];
        layout.extend_from_slice(&if size == 0 { UNDEFINED } else { address }.to_le_bytes());
        layout.extend_from_slice(&size.to_le_bytes());
        self.message(ids::MSG_DATA_LAYOUT, &layout)
    }

    /// The header as it stands in a file.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is longer than 4 GiB.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        let size = u32::try_from(self.0.len())
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "a group has too many members"))?;
        // Version 2; the size has four bytes.
        let mut out = b"OHDR\x02\x02".to_vec();
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&self.0);
        let sum = jenkins_lookup3(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out.resize(out.len().next_multiple_of(8), 0);
        Ok(out)
    }
}

/// The texts of attributes, placed in the heap.
pub(super) type Places = Vec<Place>;

/// The superblock of a file of `length` bytes whose root is at `root`.
pub(super) fn superblock(length: u64, root: u64) -> Vec<u8> {
    let mut out = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
    for address in [0, UNDEFINED, length, root] {
        out.extend_from_slice(&address.to_le_bytes());
    }
    let sum = jenkins_lookup3(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

fn scalar() -> Vec<u8> {
    vec![2, 0, 0, 0]
}

fn simple(shape: &[u64]) -> Result<Vec<u8>> {
    let rank = u8::try_from(shape.len())
        .ok()
        .filter(|&rank| rank <= 32)
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "HDF5 has at most 32 dimensions"))?;
    let mut out = vec![2, rank, 0, 1];
    for size in shape {
        out.extend_from_slice(&size.to_le_bytes());
    }
    Ok(out)
}

/// Text of any length in UTF-8: references into the heap.
fn text_type() -> Vec<u8> {
    let mut out = vec![0x19, 0x01, 0x01, 0x00];
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&integer(1, false));
    out
}

/// Text of one width, padded with NUL, whose character set says ASCII as that of h5py does.
fn fixed_type(width: usize) -> Vec<u8> {
    let mut out = vec![0x13, 0x01, 0x00, 0x00];
    out.extend_from_slice(&u32::try_from(width).unwrap_or(u32::MAX).to_le_bytes());
    out
}

fn number_type(number: Number) -> Result<Vec<u8>> {
    Ok(match number {
        Number::Float16 => float(2, [10, 5, 0, 10], 15),
        Number::Float32 => float(4, [23, 8, 0, 23], 127),
        Number::Float64 => float(8, [52, 11, 0, 52], 1023),
        Number::Int8 => integer(1, true),
        Number::Int16 => integer(2, true),
        Number::Int32 => integer(4, true),
        Number::Int64 => integer(8, true),
        Number::Uint8 => integer(1, false),
        Number::Uint16 => integer(2, false),
        Number::Uint32 => integer(4, false),
        Number::Uint64 => integer(8, false),
        Number::Bool => {
            let mut out = vec![0x18, 2, 0, 0];
            out.extend_from_slice(&1_u32.to_le_bytes());
            out.extend_from_slice(&integer(1, true));
            out.extend_from_slice(b"FALSE\0\0\0TRUE\0\0\0\0\0\x01");
            out
        }
        Number::BFloat16 | Number::Complex64 => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("Keras has no weights of type {}", number.name()),
            ));
        }
    })
}

fn integer(size: u8, signed: bool) -> Vec<u8> {
    let mut out = vec![0x10, u8::from(signed) << 3, 0, 0];
    out.extend_from_slice(&u32::from(size).to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out.extend_from_slice(&(u16::from(size) * 8).to_le_bytes());
    out
}

/// `fields`: place and size of the exponent, then of the mantissa.
fn float(size: u8, fields: [u8; 4], bias: u32) -> Vec<u8> {
    // The mantissa has an implied bit; the sign is the highest one.
    let mut out = vec![0x11, 0x20, size * 8 - 1, 0];
    out.extend_from_slice(&u32::from(size).to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out.extend_from_slice(&(u16::from(size) * 8).to_le_bytes());
    out.extend_from_slice(&fields);
    out.extend_from_slice(&bias.to_le_bytes());
    out
}

fn length16(name: &str) -> Result<u16> {
    u16::try_from(name.len())
        .ok()
        .filter(|&length| length < u16::MAX)
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a name is too long for HDF5"))
}
