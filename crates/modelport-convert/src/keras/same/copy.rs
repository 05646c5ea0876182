//! A group of an HDF5 file with all that is in it, under the same names.

use io_core::{Error, Result};

use crate::{
    hdf5::{AttributeValue, Group, GroupBuilder, Hdf5, Members},
    keras::{
        groups::{Numbers, Stored as _},
        legacy,
        store::{Stored, Walk, stored},
    },
    report::{Change, Report},
};

/// The attributes that are lists of names, whole or in parts.
const LISTS: [&str; 2] = ["layer_names", "weight_names"];

/// Copies what is in the group `from` of `file` into `into`, but for its member `skip`.
///
/// # Errors
///
/// `Corrupt` when the file cannot be read, or its groups are too many, too deep, or there twice;
/// `Unsupported` when a dataset has elements that no model has.
pub(super) async fn tree(
    file: &Hdf5,
    from: &str,
    skip: Option<&str>,
    into: &mut GroupBuilder,
    report: &mut Report,
) -> Result<()> {
    let mut walk = Walk::default();
    let mut pending = vec![(String::new(), 0)];
    while let Some((inner, depth)) = pending.pop() {
        let path = legacy::join(from, &inner);
        let Members { groups, datasets, .. } = walk.enter(file, &path, depth).await?;
        let group = file.group(&path).await?;
        let group = group.ok_or_else(|| Error::corrupt(format!("`{path}` is gone")))?;
        let copied = if inner.is_empty() { &mut *into } else { into.group(&inner)? };
        attributes(&group, copied, report)?;
        for name in datasets {
            let Stored { path, dataset } = stored(file, legacy::join(&path, &name)).await?;
            Numbers::of(&dataset, &path, report)?.write(copied, &name)?;
        }
        let groups = groups.into_iter().filter(|name| !inner.is_empty() || Some(&**name) != skip);
        pending.extend(groups.map(|name| (legacy::join(&inner, &name), depth + 1)));
    }
    Ok(())
}

/// Copies the texts and lists of names of a group. Keras reads nothing else.
fn attributes(from: &Group, into: &mut GroupBuilder, report: &mut Report) -> Result<()> {
    for list in LISTS {
        if let Some(names) = legacy::list_or_none(from, list)? {
            into.set_list(list, &names)?;
        }
    }
    for name in from.names().filter(|name| !is_list(name)) {
        match from.attribute(name)? {
            Some(AttributeValue::Strings(texts)) if texts.len() == 1 => {
                texts.iter().for_each(|text| into.set_text(name, text));
            }
            _ => report.add_at(Change::Dropped { key: name.to_owned() }, &from.path),
        }
    }
    Ok(())
}

fn is_list(attribute: &str) -> bool {
    LISTS.iter().any(|list| {
        let number = attribute.strip_prefix(list);
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
