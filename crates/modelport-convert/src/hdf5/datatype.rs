//! Types of elements in HDF5 files.

use hdf5_reader::{ByteOrder, Datatype};

use crate::number::Number;

/// A type of numbers, and whether it is big-endian.
pub(super) fn number(
    datatype: &Datatype,
    raw: &[u8],
    dtype: Option<&str>,
) -> Option<(Number, bool)> {
    let big = |order: &ByteOrder| *order == ByteOrder::BigEndian;
    match datatype {
        Datatype::FloatingPoint { size, byte_order } => {
            let number = match (size, exponent_bits(raw)?) {
                (2, 5) => Number::Float16,
                (2, 8) => Number::BFloat16,
                (4, 8) => Number::Float32,
                (8, 11) => Number::Float64,
                _ => return None,
            };
            Some((number, big(byte_order)))
        }
        Datatype::FixedPoint { size, signed, byte_order } => {
            let number = match (size, signed) {
                (1, true) => Number::Int8,
                (2, true) => Number::Int16,
                (4, true) => Number::Int32,
                (8, true) => Number::Int64,
                (1, false) => Number::Uint8,
                (2, false) => Number::Uint16,
                (4, false) => Number::Uint32,
                (8, false) => Number::Uint64,
                _ => return None,
            };
            Some((number, big(byte_order)))
        }
        // h5py's booleans: an enumeration of FALSE and TRUE.
        Datatype::Enum { base, members } => match (base.as_ref(), members.len()) {
            (Datatype::FixedPoint { size: 1, .. }, 2) => Some((Number::Bool, false)),
            _ => None,
        },
        // What h5py has no type for, Keras stores as bytes: in a `.keras` file it says what they are,
        // in HDF5 it does not. No other type of two bytes is one that h5py has none for.
        Datatype::Opaque { size: 2, .. } if dtype.is_none_or(|dtype| dtype == "bfloat16") => {
            Some((Number::BFloat16, false))
        }
        _ => None,
    }
}

/// The bits of the exponent, in the description of a floating-point type as it is stored.
fn exponent_bits(raw: &[u8]) -> Option<u8> {
    raw.get(13).copied()
}
