//! A model file: everything of a model but the bytes of its weights.

use io_core::{Error, ErrorKind, ModelArtifacts, Result, WeightSpec, printable_name};

use crate::{FileIntegrity, parse, specs, text};

/// A model file (`model.json`), read and checked.
#[derive(Clone, Debug)]
pub struct ModelJson {
    /// The model without its weight bytes. `weight_specs` is that of all groups, in order, when
    /// there is a manifest; `weight_data` is `None`.
    pub artifacts: ModelArtifacts,
    /// The groups of the manifest, without those that TensorFlow.js writes for a model without
    /// weights; `None` when the model has no manifest, or one of such groups only.
    pub groups: Option<Vec<WeightsGroup>>,
}

/// A group of the weights manifest: the bytes of its weights are those of its files, in order.
///
/// Other keys that a group may have are not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsGroup {
    /// The files, relative to the model file. Each has passed [`check_path`](crate::check_path).
    pub paths: Vec<String>,
    /// The weights.
    pub weights: Vec<WeightSpec>,
    /// Length and checksum of each file; only what modelport wrote has them.
    pub integrity: Option<Vec<FileIntegrity>>,
}

/// One file of a model's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightFile {
    /// The path in the manifest, relative to the model file.
    pub path: String,
    /// Which of [`ModelJson::groups`] it belongs to.
    pub group: usize,
    /// Its length and checksum, if known.
    pub integrity: Option<FileIntegrity>,
}

impl ModelJson {
    /// Reads a model file, or a weights manifest that stands alone: the array that face-api.js,
    /// Magenta and TensorFlow.js 0.x have in `*-weights_manifest.json`, which is a model of weights
    /// without a topology. A byte order mark is passed over; keys that are not known are kept in
    /// [`ModelArtifacts::extra`]; of equal keys the last counts. Every weight spec and path is
    /// checked.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the text is not a model, or has its weights in keys that are not read.
    pub fn parse(text: &[u8]) -> Result<Self> {
        parse::parse(text)
    }

    /// The files of the weights, in the order of their bytes.
    pub fn files(&self) -> Vec<WeightFile> {
        let groups = self.groups.iter().flatten().enumerate();
        let files = groups.flat_map(|(index, group)| {
            group.paths.iter().enumerate().map(move |(place, path)| WeightFile {
                path: path.clone(),
                group: index,
                integrity: group.integrity.as_ref().and_then(|all| all.get(place)).copied(),
            })
        });
        files.collect()
    }

    /// Compares the lengths of the files, in the order of [`files`](Self::files), with what the
    /// model file says: each with its integrity entry, and for each group their sum with the specs.
    /// Bytes beyond the specs are refused like missing ones: readers disagree about them. String
    /// weights have no length of their own; for them at least the shortest possible is asked for.
    ///
    /// # Errors
    ///
    /// `Corrupt` when a length is wrong; `InvalidInput` when there are not as many lengths as files.
    pub fn check_lengths(&self, lengths: &[u64]) -> Result<()> {
        let files = self.files();
        if files.len() != lengths.len() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("{} lengths were given for {} weight files", lengths.len(), files.len()),
            ));
        }
        for (file, &length) in files.iter().zip(lengths) {
            if let Some(expected) = file.integrity.filter(|expected| expected.bytes != length) {
                return Err(Error::corrupt(format!(
                    "the weight file `{}` has {} instead of {}",
                    printable_name(&file.path),
                    text::bytes(length),
                    expected.bytes
                )));
            }
        }
        let mut lengths = lengths.iter();
        for group in self.groups.iter().flatten() {
            let own = lengths.by_ref().take(group.paths.len());
            let found = own.fold(0_u64, |sum, &length| sum.saturating_add(length));
            specs::need(&group.weights)?.check(found, &files_have(&group.paths))?;
        }
        Ok(())
    }
}

/// The files of a group and a verb, for a message.
fn files_have(paths: &[String]) -> String {
    match paths {
        [] => "the weight files have".to_owned(),
        [only] => format!("the weight file `{}` has", printable_name(only)),
        [first, .., last] => format!(
            "the {} weight files `{}` to `{}` have",
            paths.len(),
            printable_name(first),
            printable_name(last)
        ),
    }
}
