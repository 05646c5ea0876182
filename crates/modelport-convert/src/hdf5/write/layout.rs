//! From groups to bytes: headers first, then text, then data.

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result, Weights};

use super::{
    builder::{DatasetBuilder, GroupBuilder, Member, Value},
    heap::Heap,
    messages::{Header, Places, superblock},
};
use crate::data::concat;

const SUPERBLOCK: u64 = 48;

/// The file whose root is `root`. Its data is read from where it is when the file is.
///
/// # Errors
///
/// `InvalidInput` when a name or a list is too long; `Unsupported` when HDF5 has no such number.
pub(crate) fn write_file(root: &GroupBuilder) -> Result<Weights> {
    let mut heap = Heap::default();
    let mut objects = Vec::new();
    collect(root, &mut heap, &mut objects);
    // Sizes do not depend on places: a first pass with none finds them.
    let mut plan = Plan { headers: vec![0; objects.len()], data: vec![0; objects.len()], heap: 0 };
    let mut at = SUPERBLOCK;
    let mut headers = Vec::with_capacity(objects.len());
    for object in &objects {
        headers.push(at);
        at = at.checked_add(header(object, &plan, &heap)?.len() as u64).ok_or_else(too_large)?;
    }
    plan.headers = headers;
    plan.heap = at;
    at = at.checked_add(heap.size()).ok_or_else(too_large)?;
    let mut data = Vec::with_capacity(objects.len());
    for object in &objects {
        data.push(at);
        let size = object.dataset().map_or(0, |dataset| dataset.data.byte_length());
        at = at
            .checked_add(size)
            .and_then(|end| end.checked_next_multiple_of(8))
            .ok_or_else(too_large)?;
    }
    plan.data = data;

    let mut metadata = superblock(at, SUPERBLOCK);
    for object in &objects {
        metadata.extend_from_slice(&header(object, &plan, &heap)?);
    }
    heap.write(&mut metadata);
    let mut parts = vec![Weights::from(metadata)];
    for dataset in objects.iter().filter_map(Object::dataset) {
        parts.push(dataset.data.clone());
        let padding = dataset.data.byte_length().wrapping_neg() % 8;
        let zeros = ZEROS.get(..usize::try_from(padding).unwrap_or_default()).unwrap_or_default();
        parts.push(Weights::from(Bytes::from_static(zeros)));
    }
    parts.retain(|part| part.byte_length() > 0);
    concat(parts)
}

static ZEROS: [u8; 8] = [0; 8];

/// Where everything lies, by the numbers of the objects.
struct Plan {
    headers: Vec<u64>,
    data: Vec<u64>,
    heap: u64,
}

/// An object, and the numbers of its members.
struct Object<'a> {
    number: usize,
    kind: Kind<'a>,
    members: Vec<(&'a str, usize)>,
    texts: Places,
}

enum Kind<'a> {
    Group(&'a GroupBuilder),
    Dataset(&'a DatasetBuilder),
}

impl Object<'_> {
    fn dataset(&self) -> Option<&DatasetBuilder> {
        match self.kind {
            Kind::Dataset(dataset) => Some(dataset),
            Kind::Group(_) => None,
        }
    }
}

/// Numbers `group` and all below it, parents first; gives the number of `group`. How deep groups
/// lie is bounded by the builder.
fn collect<'a>(group: &'a GroupBuilder, heap: &mut Heap, objects: &mut Vec<Object<'a>>) -> usize {
    let number = objects.len();
    let texts = group.attributes.iter().filter_map(|(_, value)| match value {
        Value::Text(text) => Some(heap.add(text)),
        Value::List { .. } | Value::Empty => None,
    });
    let texts = texts.collect();
    objects.push(Object { number, kind: Kind::Group(group), members: Vec::new(), texts });
    let mut members = Vec::with_capacity(group.members.len());
    for (name, member) in &group.members {
        let member = match member {
            Member::Group(group) => collect(group, heap, objects),
            Member::Dataset(dataset) => {
                let number = objects.len();
                let (kind, members, texts) = (Kind::Dataset(dataset), Vec::new(), Vec::new());
                objects.push(Object { number, kind, members, texts });
                number
            }
        };
        members.push((name.as_str(), member));
    }
    if let Some(object) = objects.get_mut(number) {
        object.members = members;
    }
    number
}

fn header(object: &Object<'_>, plan: &Plan, heap: &Heap) -> Result<Vec<u8>> {
    let address = |list: &[u64], number: usize| list.get(number).copied().unwrap_or_default();
    let mut header = Header::default();
    match object.kind {
        Kind::Dataset(dataset) => header.dataset(dataset, address(&plan.data, object.number))?,
        Kind::Group(group) => {
            header.group()?;
            if !group.attributes.is_empty() {
                header.attribute_info()?;
            }
            let mut texts = object.texts.iter();
            for (name, value) in &group.attributes {
                let reference = match value {
                    Value::Text(text) => {
                        texts.next().map(|&place| heap.reference(place, text.len(), plan.heap))
                    }
                    Value::List { .. } | Value::Empty => None,
                };
                header.attribute(name, value, reference)?;
            }
            for (name, member) in &object.members {
                header.link(name, address(&plan.headers, *member))?;
            }
        }
    }
    header.finish()
}

fn too_large() -> Error {
    Error::new(ErrorKind::InvalidInput, "the file would be too large")
}
