//! The names of weight objects: new ones for each save.
//!
//! An object store cannot rename, so a save never writes to a name that a model has: the old model
//! stays whole, and a reader of it never sees bytes of the new one.
//!
//! A name has sizes of its model in it too, so that a list of names is a list of models.

use io_core::{Error, ErrorKind, ModelArtifacts, ModelArtifactsInfo, Result};
use io_manifest::{FileIntegrity, KeyOrder, WeightFileRef, write_model_json};

/// Sizes of a model, as they stand in the names of its weight objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Bytes of the JSON object, by which one knows that it is the one that was saved with them.
    pub(crate) json: u64,
    pub(crate) topology: u64,
    pub(crate) specs: u64,
}

/// A weight object by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WeightName<'a> {
    /// What all objects of one save have in common, and no other has.
    pub(crate) tag: &'a str,
    pub(crate) sizes: Option<Sizes>,
    pub(crate) kind: Kind<'a>,
}

/// Which of the objects of a save it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// The only one, of the model with this stem; none for `model.json`.
    Single(Option<&'a str>),
    /// One of so many.
    Shard { count: u64 },
}

/// Names the weight objects of a save. `names` are those of any save, with what is known about each
/// object; its length has to be.
///
/// # Errors
///
/// `Unexpected` when the system has no random numbers; `InvalidInput` when the artifacts are no
/// model.
pub(crate) fn make_unique(
    artifacts: &ModelArtifacts,
    info: &ModelArtifactsInfo,
    names: &mut [(String, FileIntegrity)],
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let unique = random()?;
    let (topology, specs) = (info.model_topology_bytes, info.weight_specs_bytes);
    // The length of the JSON depends on that of the names alone, and this number has always eight
    // digits, as a checksum has always sixteen.
    let tag = |json: u64| format!("{unique:016x}-{json:08x}-{topology:x}-{specs:x}");
    let draft: Vec<_> = names.iter().map(|(name, known)| (tagged(name, &tag(0)), *known)).collect();
    let files: Vec<WeightFileRef<'_>> =
        draft.iter().map(|(path, known)| WeightFileRef { path, integrity: Some(*known) }).collect();
    let json = write_model_json(artifacts, &files, KeyOrder::Node)?.len() as u64;
    for (name, _) in names {
        *name = tagged(name, &tag(json));
    }
    Ok(())
}

/// Reads the name of a weight object; `None` when it is not one that a save of ours gives.
pub(crate) fn parse(name: &str) -> Option<WeightName<'_>> {
    let (stem, tag) = name.strip_suffix(".bin")?.rsplit_once('.')?;
    let kind = if stem == "weights" {
        Kind::Single(None)
    } else if let Some(model) = stem.strip_suffix(".weights") {
        Kind::Single(Some(model))
    } else {
        let (index, count) = stem.strip_prefix("group1-shard")?.split_once("of")?;
        let (index, count): (u64, u64) = (index.parse().ok()?, count.parse().ok()?);
        (1..=count).contains(&index).then_some(Kind::Shard { count })?
    };
    let mut numbers = tag.split('-');
    let is_unique = |text: &str| text.len() == 16 && hex(text).is_some();
    numbers.next().filter(|unique| is_unique(unique))?;
    let rest: Vec<u64> = numbers.map(hex).collect::<Option<_>>()?;
    let sizes = match *rest.as_slice() {
        [] => None,
        [json, topology, specs] => Some(Sizes { json, topology, specs }),
        _ => return None,
    };
    Some(WeightName { tag, sizes, kind })
}

/// Whether a save of ours gives weight objects such names.
pub(crate) fn is_ours(name: &str) -> bool {
    parse(name).is_some()
}

/// `weights.bin` -> `weights.TAG.bin`.
fn tagged(name: &str, tag: &str) -> String {
    format!("{}.{tag}.bin", name.strip_suffix(".bin").unwrap_or(name))
}

/// A number in hexadecimal digits, as we write them.
fn hex(text: &str) -> Option<u64> {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if text.is_empty() || !text.chars().all(is_digit) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// A number that nobody else has.
///
/// # Errors
///
/// `Unexpected` when the system has no random numbers.
pub(crate) fn random() -> Result<u64> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "the system has no random numbers").with_source(error)
    })?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Sizes, is_ours, make_unique, parse};
    use io_core::{DType, Json, ModelArtifacts, WeightSpec};
    use io_manifest::{FileIntegrity, KeyOrder, WeightFileRef, write_model_json};

    #[test]
    fn names_are_known_again_and_say_how_long_the_json_is() {
        let artifacts = ModelArtifacts {
            model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#).unwrap()),
            weight_specs: Some(vec![WeightSpec::new("w", [10], DType::Float32)]),
            ..ModelArtifacts::default()
        };
        let info = io_core::ModelArtifactsInfo::new(&artifacts, io_core::now()).unwrap();
        for all in [
            &["weights.bin"][..],
            &["x.weights.bin"],
            &["group1-shard1of2.bin", "group1-shard2of2.bin"],
        ] {
            let known = FileIntegrity { bytes: 40 / all.len() as u64, crc64nvme: 0 };
            let mut names: Vec<_> = all.iter().map(|name| ((*name).to_owned(), known)).collect();
            make_unique(&artifacts, &info, &mut names).unwrap();
            let files: Vec<_> = names
                .iter()
                .map(|(path, known)| WeightFileRef {
                    path,
                    integrity: Some(FileIntegrity { crc64nvme: u64::MAX, ..*known }),
                })
                .collect();
            let json = write_model_json(&artifacts, &files, KeyOrder::Node).unwrap().len() as u64;
            let [topology, specs] = [info.model_topology_bytes, info.weight_specs_bytes];
            for (plain, (name, _)) in all.iter().zip(&names) {
                let found = parse(name).unwrap();
                assert_eq!(found.sizes, Some(Sizes { json, topology, specs }), "{name}");
                assert!(!is_ours(plain), "{plain}");
            }
            let tags: Vec<_> = names.iter().map(|(name, _)| parse(name).unwrap().tag).collect();
            assert!(tags.iter().all(|tag| *tag == tags[0]));
        }
    }

    #[test]
    fn foreign_names_are_not_ours() {
        let found = parse("x.weights.0123456789abcdef.bin").unwrap();
        assert_eq!((found.kind, found.sizes), (Kind::Single(Some("x")), None));
        for name in [
            "data.0123456789abcdef.bin",
            "weights.0123456789ABCDEF.bin",
            "weights.0123456789abcde.bin",
            "weights.0123456789abcdef",
            "weights.0123456789abcdef-1.bin",
            "weights.0123456789abcdef-1-2-3-4.bin",
            "weights.0123456789abcdef-1--3.bin",
            "group1-shardXof3.0123456789abcdef.bin",
            "group1-shard4of3.0123456789abcdef.bin",
            "model.json",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
