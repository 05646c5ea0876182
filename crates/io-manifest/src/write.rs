//! Artifacts -> the text of a model file.

use std::collections::HashSet;

use io_core::{Error, ErrorKind, Json, ModelArtifacts, Result, WeightSpec, printable_name};
use serde::Serialize;

use crate::{
    FileIntegrity, check_path, check_specs, elsewhere,
    manifest::checksum_text,
    parts::{MANIFEST, check_part, part, part_mut},
};

/// In which order the keys of a model file stand. Readers do not care; whoever compares files does.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyOrder {
    /// As TensorFlow.js writes downloads and HTTP requests.
    #[default]
    Core,
    /// As TensorFlow.js in Node writes files. Node leaves the initializer and its signature out;
    /// here they follow the user's metadata.
    Node,
}

/// A weight file to be named in a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightFileRef<'a> {
    /// The path, relative to the model file.
    pub path: &'a str,
    /// Length and checksum, if they shall be written.
    pub integrity: Option<FileIntegrity>,
}

impl KeyOrder {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Core => &[
                "modelTopology",
                "format",
                "generatedBy",
                "convertedBy",
                MANIFEST,
                "signature",
                "userDefinedMetadata",
                "modelInitializer",
                "initializerSignature",
                "trainingConfig",
            ],
            Self::Node => &[
                "modelTopology",
                MANIFEST,
                "format",
                "generatedBy",
                "convertedBy",
                "trainingConfig",
                "signature",
                "userDefinedMetadata",
                "modelInitializer",
                "initializerSignature",
            ],
        }
    }
}

/// The model file of `artifacts`, as TensorFlow.js prints it: no white space of ours, keys in
/// `order`, those of [`ModelArtifacts::extra`] last. Each part is written as its own text, a `null`
/// too, where TensorFlow.js leaves some out: what a file says is kept.
///
/// The weights are one group with these `files`; their checksums are written when every file has
/// one. Without specs there is no manifest, since TensorFlow.js cannot load the one that it writes
/// itself then, and `files` are left out. Without `weight_data` the files are taken at their word.
///
/// # Errors
///
/// `InvalidInput` when the result would not be a model file: there is neither topology nor specs, a
/// part has the wrong shape, there are weights without specs or without a file, an unknown key is
/// a known one or there twice. `Corrupt` when specs and weights do not fit together, or a path is
/// not allowed.
pub fn write_model_json(
    artifacts: &ModelArtifacts,
    files: &[WeightFileRef<'_>],
    order: KeyOrder,
) -> Result<Vec<u8>> {
    check(artifacts, files)?;
    let mut out = Object(vec![b'{']);
    for &key in order.keys() {
        if key == MANIFEST {
            if let Some(specs) = &artifacts.weight_specs {
                out.member(key, Json::new(&[Group::new(specs, files)])?.get())?;
            }
        } else if let Some(value) = part(artifacts, key) {
            out.member(key, value.get())?;
        }
    }
    for (key, value) in &artifacts.extra {
        out.member(key, value.get())?;
    }
    out.0.push(b'}');
    Ok(out.0)
}

/// An object in the making.
struct Object(Vec<u8>);

impl Object {
    fn member(&mut self, key: &str, value: &str) -> Result<()> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        serde_json::to_writer(&mut self.0, key)
            .map_err(|error| invalid("a key cannot be written").with_source(error))?;
        self.0.push(b':');
        self.0.extend_from_slice(value.as_bytes());
        Ok(())
    }
}

#[derive(Serialize)]
struct Group<'a> {
    paths: Vec<&'a str>,
    weights: &'a [WeightSpec],
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<Vec<Entry>>,
}

#[derive(Serialize)]
struct Entry {
    bytes: u64,
    crc64nvme: String,
}

impl<'a> Group<'a> {
    fn new(weights: &'a [WeightSpec], files: &[WeightFileRef<'a>]) -> Self {
        let entry = |file: &WeightFileRef<'_>| {
            file.integrity.map(|FileIntegrity { bytes, crc64nvme }| Entry {
                bytes,
                crc64nvme: checksum_text(crc64nvme),
            })
        };
        Self {
            paths: files.iter().map(|file| file.path).collect(),
            weights,
            // A list without files would say nothing.
            integrity: files.iter().map(entry).collect::<Option<_>>().filter(|_| !files.is_empty()),
        }
    }
}

/// The keys of a spec, and those of its quantisation, that have fields of their own.
const SPEC_KEYS: &[&str] = &["name", "shape", "dtype", "group", "quantization"];
const QUANTIZATION_KEYS: &[&str] = &["dtype", "min", "scale"];

/// Refuses what could not be read back.
fn check(artifacts: &ModelArtifacts, files: &[WeightFileRef<'_>]) -> Result<()> {
    for &key in KeyOrder::Core.keys() {
        if let Some(value) = part(artifacts, key) {
            check_part(key, value, ErrorKind::InvalidInput)?;
        }
    }
    let mut names = HashSet::new();
    for (key, _) in &artifacts.extra {
        let known = key == MANIFEST || part_mut(&mut ModelArtifacts::default(), key).is_some();
        if known || !names.insert(key) {
            return Err(invalid(format!("the extra key `{}` is there twice", printable_name(key))));
        }
    }
    if artifacts.weight_specs.as_ref().is_none_or(Vec::is_empty) {
        elsewhere::refuse(&artifacts.extra, ErrorKind::InvalidInput)?;
    }
    let Some(specs) = &artifacts.weight_specs else {
        return if artifacts.weight_data_bytes() > 0 {
            Err(invalid("the model has weights but no weight specs"))
        } else if artifacts.model_topology.as_ref().is_none_or(Json::is_null) {
            Err(invalid("the model has neither a topology nor weights"))
        } else {
            Ok(())
        };
    };
    let of_files = files.iter().try_fold(0_u64, |sum, file| {
        file.integrity.and_then(|integrity| sum.checked_add(integrity.bytes))
    });
    for spec in specs {
        let of_quantization = spec.quantization.iter().flat_map(|own| &own.extra);
        let taken = |keys: &[&str], (key, _): &&(String, Json)| keys.contains(&&**key);
        let taken_twice = spec
            .extra
            .iter()
            .find(|extra| taken(SPEC_KEYS, extra))
            .or_else(|| of_quantization.clone().find(|extra| taken(QUANTIZATION_KEYS, extra)));
        if let Some((key, _)) = taken_twice {
            let (key, weight) = (printable_name(key), printable_name(&spec.name));
            return Err(invalid(format!(
                "the extra key `{key}` of weight `{weight}` is there twice"
            )));
        }
    }
    let bytes = artifacts.weight_data.as_ref().map(io_core::Weights::byte_length).or(of_files);
    match bytes {
        Some(bytes) => check_specs(specs, bytes)?,
        None => _ = crate::specs::check_all(specs)?,
    }
    if files.is_empty() && bytes != Some(0) {
        return Err(invalid("the model has weights but no file for them"));
    }
    files.iter().try_for_each(|file| check_path(file.path))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
