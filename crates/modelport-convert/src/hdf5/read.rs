//! An HDF5 file, read from bytes that may be anywhere.

use std::sync::{Arc, Mutex, PoisonError};

use hdf5_reader::{
    Datatype, Hdf5File, OpenOptions,
    messages::{HdfMessage, layout::DataLayout},
};
use io_core::{Error, ErrorKind, Result, Weights};

use super::{
    attributes::{Attribute, AttributeValue, decode},
    dataset::{Dataset, Found, limit, type_name},
    datatype::number,
    pages::{Operation, Pages},
};
use crate::data::read_exact;

/// Metadata of one object beyond this is not Keras'.
const MAX_HEADER_BYTES: usize = 64 * 1024 * 1024;
/// How deep groups may lie in each other.
const MAX_DEPTH: usize = 128;

/// An open file. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Hdf5 {
    /// Apart from the rest, which threads may share: in a browser these may be its objects.
    bytes: Weights,
    reader: Arc<Reader>,
}

/// What is known of the file, and what may still be spent on it.
struct Reader {
    length: u64,
    pages: Pages,
    file: Mutex<Option<Hdf5File>>,
    /// What all text in attributes may still take, and all data.
    text_budget: Mutex<u64>,
    data_budget: Mutex<u64>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pages.fmt(f)
    }
}

/// A group: its path, and its attributes.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) path: String,
    attributes: Vec<Attribute>,
}

/// What is in a group.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    /// Where the group itself is in the file, whatever path led to it.
    pub(crate) address: u64,
    /// The names of groups, in the order of the file.
    pub(crate) groups: Vec<String>,
    /// The names of datasets, in the order of the file.
    pub(crate) datasets: Vec<String>,
}

impl Hdf5 {
    /// Opens the file that `bytes` are.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is not one; what reading the bytes fails with.
    pub(crate) async fn open(bytes: Weights) -> Result<Self> {
        let length = bytes.byte_length();
        let reader = Reader {
            length,
            pages: Pages::new(length),
            file: Mutex::new(None),
            text_budget: Mutex::new(length.saturating_mul(4).saturating_add(1 << 16)),
            data_budget: Mutex::new(limit(length).saturating_mul(2)),
        };
        let hdf5 = Self { bytes, reader: Arc::new(reader) };
        let end = hdf5.run(|file| file.root_group().map(|_| file.superblock().eof_address)).await?;
        if end > length {
            return Err(Error::corrupt(format!(
                "the HDF5 file has {length} bytes instead of {end}"
            )));
        }
        Ok(hdf5)
    }

    /// The group at `path`; `None` when there is nothing of that name.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it cannot be read, or is no group.
    pub(crate) async fn group(&self, path: &str) -> Result<Option<Group>> {
        check_depth(path)?;
        let found = self
            .run(|file| {
                let group = match file.group(path) {
                    Ok(group) => group,
                    Err(error) if is_absent(&error) => return Ok(None),
                    Err(error) => return Err(error),
                };
                let reference_size = usize::from(group.offset_size()) + 8;
                let mut attributes = Vec::new();
                for attribute in group.raw_attributes()? {
                    let (message, _) = attribute.into_parts();
                    let resolve =
                        |reference: &[u8]| group.resolve_vlen_reference_bytes(reference, 1);
                    attributes.push(self.decode(&message, reference_size, resolve));
                }
                Ok(Some(attributes))
            })
            .await?;
        Ok(found.map(|attributes| Group { path: path.to_owned(), attributes }))
    }

    /// What is in the group at `path`.
    ///
    /// # Errors
    ///
    /// `Corrupt` when there is no such group, or it cannot be read.
    pub(crate) async fn members(&self, path: &str) -> Result<Members> {
        check_depth(path)?;
        self.run(|file| {
            let group = file.group(path)?;
            let (groups, datasets) = group.member_names()?;
            Ok(Members { address: group.address(), groups, datasets })
        })
        .await
    }

    /// The dataset at `path`; `None` when there is nothing of that name.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it cannot be read, or is larger than its file could hold; `Unsupported` when
    /// its elements are not numbers that any model has.
    pub(crate) async fn dataset(&self, path: &str) -> Result<Option<Dataset>> {
        check_depth(path)?;
        let found = self
            .run(|file| {
                let dataset = match file.dataset(path) {
                    Ok(dataset) => dataset,
                    Err(error) if is_absent(&error) => return Ok(None),
                    Err(error) => return Err(error),
                };
                let raw = dataset.raw_datatype()?;
                let dtype = match dataset.dtype() {
                    Datatype::Opaque { .. } => {
                        dataset.raw_attributes()?.into_iter().find_map(|a| {
                            let (message, _) = a.into_parts();
                            let size = dataset.vlen_reference_size();
                            let resolve = |reference: &[u8]| {
                                dataset.resolve_vlen_reference_bytes(reference, 1)
                            };
                            (message.name == "dtype").then(|| self.decode(&message, size, resolve))
                        })
                    }
                    _ => None,
                };
                let dtype = dtype.and_then(|attribute| match attribute.value {
                    Ok(AttributeValue::Strings(texts)) => texts.into_iter().next(),
                    _ => None,
                });
                let header = file.get_or_parse_header(dataset.address())?;
                let base = file.superblock().base_address;
                let mut contiguous = None;
                let mut outside = false;
                for message in &header.messages {
                    match message {
                        HdfMessage::DataLayout(message) => {
                            if let DataLayout::Contiguous { address, size } = message.layout {
                                contiguous = address.checked_add(base).map(|start| (start, size));
                            }
                        }
                        HdfMessage::ExternalFiles(_) => outside = true,
                        _ => {}
                    }
                }
                Ok(Some(Found {
                    shape: dataset.shape().to_vec(),
                    number: number(dataset.dtype(), &raw, dtype.as_deref()),
                    type_name: type_name(dataset.dtype()),
                    contiguous,
                    outside,
                }))
            })
            .await?;
        found.map(|found| found.checked(self, path)).transpose()
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> &Weights {
        &self.bytes
    }

    /// Takes `length` bytes from what all data may need; `None` when that is spent.
    pub(super) fn spend(&self, length: u64) -> Option<()> {
        let mut budget = self.reader.data_budget.lock().unwrap_or_else(PoisonError::into_inner);
        *budget = budget.checked_sub(length)?;
        Some(())
    }

    fn decode(
        &self,
        message: &hdf5_reader::messages::attribute::AttributeMessage,
        reference_size: usize,
        resolve: impl Fn(&[u8]) -> std::result::Result<Vec<u8>, hdf5_reader::error::Error>,
    ) -> Attribute {
        let mut budget = self.reader.text_budget.lock().unwrap_or_else(PoisonError::into_inner);
        let value = decode(message, reference_size, resolve, &mut budget);
        Attribute { name: message.name.clone(), value }
    }

    /// Does `operation` again and again, until no bytes were missing.
    pub(super) async fn run<T>(
        &self,
        operation: impl Fn(&Hdf5File) -> std::result::Result<T, hdf5_reader::error::Error>,
    ) -> Result<T> {
        let reader = &*self.reader;
        let mut own = Operation::default();
        loop {
            let outcome = reader.attempt(&mut own, &operation);
            let Some(missing) = own.next_fetch(reader.length) else {
                reader.pages.keep(own);
                return outcome.map_err(unreadable);
            };
            let bytes = read_exact(&self.bytes, missing.clone()).await?;
            own.fill(missing.start, &bytes);
        }
    }
}

impl Reader {
    /// Does `operation` with the pages that are there. Others wait for this attempt, but not for
    /// what is fetched between two.
    fn attempt<T>(
        &self,
        own: &mut Operation,
        operation: impl Fn(&Hdf5File) -> std::result::Result<T, hdf5_reader::error::Error>,
    ) -> std::result::Result<T, hdf5_reader::error::Error> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = *self.text_budget.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.pages.lend(own, || match &*file {
            Some(file) => operation(file),
            None => operation(file.insert(self.open()?)),
        });
        if own.has_missed() {
            // The reader may have kept that something could not be read.
            *file = None;
            *self.text_budget.lock().unwrap_or_else(PoisonError::into_inner) = budget;
        }
        outcome
    }

    fn open(&self) -> std::result::Result<Hdf5File, hdf5_reader::error::Error> {
        let most = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let length = self.length;
        let options = OpenOptions::default()
            .with_max_object_header_bytes(MAX_HEADER_BYTES.min(most(length)))
            .with_max_read_bytes(most(limit(length)))
            .with_max_chunk_bytes(most(limit(length)))
            .with_chunk_cache_bytes(0);
        Hdf5File::from_storage_with_options(Arc::new(self.pages.clone()), options)
    }
}

impl Group {
    /// Whether there is an attribute `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// The names of the attributes, in the order of the file.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|attribute| attribute.name.as_str())
    }

    /// The attribute `name`, if there is one.
    ///
    /// # Errors
    ///
    /// `Corrupt` or `Unsupported` when it cannot be read.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<&AttributeValue>> {
        let found = self.attributes.iter().find(|attribute| attribute.name == name);
        let value = found.map(|attribute| attribute.value.as_ref()).transpose();
        value.map_err(|error| Error::new(error.kind(), error.to_string()))
    }
}

fn check_depth(path: &str) -> Result<()> {
    if path.split('/').count() > MAX_DEPTH {
        return Err(Error::corrupt("groups lie too deep in each other"));
    }
    Ok(())
}

fn is_absent(error: &hdf5_reader::error::Error) -> bool {
    use hdf5_reader::error::Error;
    match error {
        Error::GroupNotFound(_) | Error::DatasetNotFound(_) => true,
        Error::Context { source, .. } => is_absent(source),
        _ => false,
    }
}

/// What the reader could not make sense of.
pub(super) fn unreadable(error: impl Into<hdf5_reader::error::Error>) -> Error {
    let error = error.into();
    let (kind, message) = if is_unsupported(&error) {
        (ErrorKind::Unsupported, "the HDF5 file has what models have no use for")
    } else {
        (ErrorKind::Corrupt, "this is not a sound HDF5 file")
    };
    Error::new(kind, message).with_source(error)
}

fn is_unsupported(error: &hdf5_reader::error::Error) -> bool {
    use hdf5_reader::error::Error;
    match error {
        // Among them data that lies in other files.
        Error::UnsupportedLayoutClass(_)
        | Error::UnsupportedFilter(_)
        | Error::UnsupportedEncoding(_) => true,
        Error::Context { source, .. } => is_unsupported(source),
        _ => false,
    }
}
