//! What a file is to hold: groups, attributes and datasets by their paths.

use std::collections::{BTreeMap, btree_map::Entry};

use io_core::{Error, ErrorKind, Result, Weights};

use crate::number::Number;

/// What Keras allows for one attribute that is a list; longer ones are split.
const MAX_LIST_BYTES: usize = 64_512;
const MAX_DEPTH: usize = 64;

/// A group in the making. Its members are in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct GroupBuilder {
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) members: BTreeMap<String, Member>,
}

/// What an attribute holds.
#[derive(Debug)]
pub(super) enum Value {
    /// One text of any length.
    Text(String),
    /// Texts of one width, padded with NUL.
    List { texts: Vec<String>, width: usize },
    /// A list without elements, as h5py writes it.
    Empty,
}

#[derive(Debug)]
pub(super) enum Member {
    Group(GroupBuilder),
    Dataset(DatasetBuilder),
}

/// A dataset in the making.
#[derive(Debug)]
pub(super) struct DatasetBuilder {
    pub(super) shape: Vec<u64>,
    pub(super) number: Number,
    pub(super) data: Weights,
}

impl GroupBuilder {
    /// Adds an attribute that is one text.
    pub(crate) fn set_text(&mut self, name: &str, text: &str) {
        self.attributes.push((name.to_owned(), Value::Text(text.to_owned())));
    }

    /// Replaces an attribute that is one text.
    pub(crate) fn replace_text(&mut self, name: &str, text: &str) {
        self.attributes.retain(|(other, _)| other != name);
        self.set_text(name, text);
    }

    /// Adds an attribute that is a list of texts, split as Keras splits it when it is long:
    /// `name0`, `name1`, ...
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a text is longer than an attribute may be.
    pub(crate) fn set_list(&mut self, name: &str, texts: &[String]) -> Result<()> {
        let Some(width) = texts.iter().map(String::len).max() else {
            self.attributes.push((name.to_owned(), Value::Empty));
            return Ok(());
        };
        // A type of no bytes is none.
        let width = width.max(1);
        if width > MAX_LIST_BYTES {
            return Err(invalid(format!(
                "a name in `{name}` has {width} bytes, more than the {MAX_LIST_BYTES} that HDF5 \
                 takes"
            )));
        }
        let list = |texts: &[String]| Value::List { texts: texts.to_vec(), width };
        if texts.len().saturating_mul(width) <= MAX_LIST_BYTES {
            self.attributes.push((name.to_owned(), list(texts)));
            return Ok(());
        }
        // The fewest parts that all fit, the first ones with one more, as NumPy's `array_split`.
        let per_part = MAX_LIST_BYTES / width;
        let parts = texts.len().div_ceil(per_part);
        let (size, more) = (texts.len() / parts, texts.len() % parts);
        let mut rest = texts;
        for part in 0..parts {
            let (own, others) = rest.split_at(size + usize::from(part < more));
            self.attributes.push((format!("{name}{part}"), list(own)));
            rest = others;
        }
        Ok(())
    }

    /// The group at `path` below this one, made when it is not there.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a dataset has the name, or the path has no names or too many.
    pub(crate) fn group(&mut self, path: &str) -> Result<&mut Self> {
        let mut group = self;
        for (depth, name) in path.split('/').enumerate() {
            check_name(name, path)?;
            if depth >= MAX_DEPTH {
                return Err(invalid(format!("`{path}` has too many parts")));
            }
            let member = group.members.entry(name.to_owned());
            group = match member.or_insert_with(|| Member::Group(Self::default())) {
                Member::Group(group) => group,
                Member::Dataset(_) => return Err(invalid(format!("there are two `{path}`"))),
            };
        }
        Ok(group)
    }

    /// Adds a dataset at `path` below this group. `data` is little-endian and has the length that
    /// shape and number say.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when something has the name, or `data` has another length.
    pub(crate) fn dataset(
        &mut self,
        path: &str,
        shape: &[u64],
        number: Number,
        data: Weights,
    ) -> Result<()> {
        let count = shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size));
        let length = count.and_then(|count| count.checked_mul(number.size() as u64));
        if length != Some(data.byte_length()) {
            return Err(invalid(format!(
                "`{path}` has {} bytes, which is not what its shape needs",
                data.byte_length()
            )));
        }
        let (group, name) = match path.rsplit_once('/') {
            Some((group, name)) => (self.group(group)?, name),
            None => (self, path),
        };
        check_name(name, path)?;
        match group.members.entry(name.to_owned()) {
            Entry::Occupied(_) => Err(invalid(format!("there are two `{path}`"))),
            Entry::Vacant(place) => {
                let shape = shape.to_vec();
                place.insert(Member::Dataset(DatasetBuilder { shape, number, data }));
                Ok(())
            }
        }
    }
}

fn check_name(name: &str, path: &str) -> Result<()> {
    if name.is_empty() || name == "." || name.contains('\0') {
        return Err(invalid(format!("`{}` cannot be a path in HDF5", path.escape_debug())));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
