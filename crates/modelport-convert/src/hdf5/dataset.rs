//! Datasets: what they are, whether their file can hold them, and their values.

use bytes::Bytes;
use hdf5_reader::{Datatype, StringSize};
use io_core::{Error, ErrorKind, Result, WeightSource, WeightStream, Weights};

use super::read::Hdf5;
use crate::{
    data::slice,
    number::{Number, as_dtype, little_endian},
};

/// Compressed and absent data may be this much more than the file, but always `FREE_BYTES`.
const MAX_RATIO: u64 = 32;
const FREE_BYTES: u64 = 64 * 1024 * 1024;

/// A dataset of numbers, whose bytes are read later.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    pub(crate) shape: Vec<u64>,
    pub(crate) number: Number,
    big_endian: bool,
    stored: Weights,
}

impl Dataset {
    /// The numbers as TensorFlow.js has them; `name` is for errors.
    ///
    /// # Errors
    ///
    /// `Corrupt` when they are not whole elements.
    pub(crate) fn values(&self, name: &str) -> Result<Weights> {
        as_dtype(name, self.stored.clone(), self.number, self.big_endian)
    }

    /// The numbers as they are stored, little-endian.
    ///
    /// # Errors
    ///
    /// `Corrupt` when they are not whole elements.
    pub(crate) fn numbers(&self) -> Result<Weights> {
        if self.big_endian {
            return little_endian(self.stored.clone(), self.number);
        }
        Ok(self.stored.clone())
    }
}

/// What is known of a dataset before its size is checked.
pub(super) struct Found {
    pub(super) shape: Vec<u64>,
    pub(super) number: Option<(Number, bool)>,
    pub(super) type_name: &'static str,
    pub(super) contiguous: Option<(u64, u64)>,
    pub(super) outside: bool,
}

impl Found {
    /// The dataset at `path`, when it is one of numbers that its file can hold.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is too large, `Unsupported` when it is something else.
    pub(super) fn checked(self, hdf5: &Hdf5, path: &str) -> Result<Dataset> {
        if self.outside {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the dataset `{path}` has its data in another file"),
            ));
        }
        let (number, big_endian) = self.number.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("the dataset `{path}` has elements of type {}", self.type_name),
            )
        })?;
        let too_large =
            || Error::corrupt(format!("the dataset `{path}` is larger than its file could hold"));
        let count = if self.shape.contains(&0) {
            Some(0)
        } else {
            self.shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size))
        };
        let length = count.and_then(|count| count.checked_mul(number.size() as u64));
        let file_length = hdf5.bytes().byte_length();
        let length = length.filter(|&length| length <= limit(file_length)).ok_or_else(too_large)?;
        hdf5.spend(length).ok_or_else(too_large)?;
        // What lies in one piece streams from where it is.
        let whole = self.contiguous.filter(|&(start, size)| {
            size == length && start.checked_add(size).is_some_and(|end| end <= file_length)
        });
        let stored = match whole {
            Some((start, size)) => slice(hdf5.bytes(), start..start + size)?,
            None => {
                Weights::from_source(Stored { hdf5: hdf5.clone(), path: path.to_owned(), length })
            }
        };
        Ok(Dataset { shape: self.shape, number, big_endian, stored })
    }
}

/// The data of a dataset that lies in pieces: read whole.
#[derive(Debug)]
struct Stored {
    hdf5: Hdf5,
    path: String,
    length: u64,
}

impl Stored {
    async fn read(hdf5: Hdf5, path: String) -> Result<Bytes> {
        hdf5.run(|file| file.dataset(&path)?.read_raw_bytes()).await.map(Bytes::from)
    }
}

impl WeightSource for Stored {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: std::ops::Range<u64>) -> WeightStream {
        let read = Self::read(self.hdf5.clone(), self.path.clone());
        Box::pin(futures::stream::once(async move {
            let whole = Weights::from(read.await?);
            slice(&whole, range)?.to_bytes().await
        }))
    }
}

/// The most that one dataset of a file may need.
pub(super) fn limit(file_length: u64) -> u64 {
    file_length.saturating_mul(MAX_RATIO).max(FREE_BYTES)
}

pub(super) fn type_name(datatype: &Datatype) -> &'static str {
    match datatype {
        Datatype::FixedPoint { .. } => "integer of an unusual size",
        Datatype::FloatingPoint { .. } => "float of an unusual size",
        Datatype::String { size: StringSize::Fixed(_), .. } => "string",
        Datatype::String { .. } | Datatype::VarLen { .. } => "variable length",
        Datatype::Compound { .. } => "compound",
        Datatype::Array { .. } => "array",
        Datatype::Enum { .. } => "enumeration",
        Datatype::Opaque { .. } => "opaque",
        Datatype::Reference { .. } => "reference",
        Datatype::Bitfield { .. } => "bit field",
    }
}
