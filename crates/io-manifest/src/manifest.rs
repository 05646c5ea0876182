//! The weights manifest: its groups, their paths, specs and checksums.

use io_core::{Error, Result, printable_name};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{FileIntegrity, WeightsGroup, check_path, members::Members, specs};

/// Reads the value of `weightsManifest`. A group without `weights` is what TensorFlow.js writes for
/// a model without weights: it is passed over, and when there is no other, there is no manifest.
///
/// # Errors
///
/// `Corrupt` when a group or a weight is malformed.
pub(crate) fn read(manifest: &RawValue) -> Result<Option<Vec<WeightsGroup>>> {
    let entries: Vec<&RawValue> = serde_json::from_str(manifest.get()).map_err(|error| {
        Error::corrupt("the key `weightsManifest` of the model file is not an array")
            .with_source(reason(&error))
    })?;
    let mut groups = Vec::new();
    for (number, entry) in (1..).zip(&entries) {
        groups.extend(read_group(number, entry)?);
    }
    specs::check_all(groups.iter().flat_map(|group: &WeightsGroup| &group.weights))?;
    Ok((entries.is_empty() || !groups.is_empty()).then_some(groups))
}

/// The text of a checksum in a manifest.
pub(crate) fn checksum_text(crc64nvme: u64) -> String {
    format!("{crc64nvme:016x}")
}

fn read_group(number: usize, group: &RawValue) -> Result<Option<WeightsGroup>> {
    let mut members: Members<'_> =
        read_as(group, || format!("group {number} of the weights manifest is not an object"))?;
    let Some(weights) = members.take("weights").filter(|weights| weights.get() != "null") else {
        return Ok(None);
    };
    let weights: Vec<&RawValue> = read_as(weights, || {
        format!("`weights` of group {number} of the weights manifest is not an array")
    })?;
    let paths = members.take("paths").ok_or_else(|| {
        Error::corrupt(format!("group {number} of the weights manifest has no `paths`"))
    })?;
    let paths: Vec<String> = read_as(paths, || {
        format!("`paths` of group {number} of the weights manifest is not an array of strings")
    })?;
    paths.iter().try_for_each(|path| check_path(path))?;
    let integrity = members
        .take("integrity")
        .map(|integrity| read_integrity(number, integrity, paths.len()))
        .transpose()?;
    let weights = (1..)
        .zip(weights)
        .map(|(place, weight)| read_as(weight, || describe_bad_weight(number, place, weight)));
    Ok(Some(WeightsGroup { weights: weights.collect::<Result<_>>()?, paths, integrity }))
}

/// Names the weight that `WeightSpec` could not be read from.
fn describe_bad_weight(group: usize, place: usize, weight: &RawValue) -> String {
    let name = serde_json::from_str::<Members<'_>>(weight.get())
        .ok()
        .and_then(|mut members| members.take("name"))
        .and_then(|name| serde_json::from_str::<String>(name.get()).ok());
    match name {
        Some(name) => format!("the entry of weight `{}` cannot be used", printable_name(&name)),
        None => format!("weight {place} of group {group} of the weights manifest has no name"),
    }
}

fn read_integrity(group: usize, integrity: &RawValue, files: usize) -> Result<Vec<FileIntegrity>> {
    #[derive(Deserialize)]
    struct Entry {
        bytes: u64,
        crc64nvme: String,
    }

    let entries: Vec<Entry> = read_as(integrity, || {
        format!("`integrity` of group {group} of the weights manifest is malformed")
    })?;
    if entries.len() != files {
        return Err(Error::corrupt(format!(
            "`integrity` of group {group} of the weights manifest has {} entries instead of {files}",
            entries.len()
        )));
    }
    entries
        .into_iter()
        .map(|Entry { bytes, crc64nvme }| {
            let digits = crc64nvme.len() == 16 && crc64nvme.bytes().all(|b| b.is_ascii_hexdigit());
            let checksum = u64::from_str_radix(&crc64nvme, 16).ok().filter(|_| digits);
            checksum.map(|crc64nvme| FileIntegrity { bytes, crc64nvme }).ok_or_else(|| {
                Error::corrupt(format!(
                    "`integrity` of group {group} of the weights manifest has a checksum that is \
                     not 16 hexadecimal digits"
                ))
            })
        })
        .collect()
}

fn read_as<'a, T: Deserialize<'a>>(
    value: &'a RawValue,
    message: impl FnOnce() -> String,
) -> Result<T> {
    serde_json::from_str(value.get())
        .map_err(|error| Error::corrupt(message()).with_source(reason(&error)))
}

/// What an error says without its position, which is one inside the value and not in the file.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let (text, position) =
        (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}
