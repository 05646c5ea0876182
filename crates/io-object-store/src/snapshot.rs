//! One model as it was at one instant, though others save meanwhile.

use std::sync::Arc;

use io_core::{Error, ModelArtifactsInfo, Result, Weights};
use io_manifest::{FileIntegrity, ModelJson};
use object_store::{UpdateVersion, path::Path};

use crate::{
    error::replaced,
    location::Location,
    names,
    objects::{self, Json, Store, strong},
};

/// How often a load starts again because somebody replaced the model.
const MAX_TRIES: usize = 16;

/// A model's JSON and the weight objects that belong to it, none of them read yet.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) model: ModelJson,
    pub(crate) json: Json,
    pub(crate) files: Arc<[WeightObject]>,
}

/// A weight object and where its bytes lie among all.
#[derive(Clone, Debug)]
pub(crate) struct WeightObject {
    pub(crate) key: Path,
    pub(crate) start: u64,
    pub(crate) length: u64,
    pub(crate) integrity: Option<FileIntegrity>,
    /// What the object must still be when it is read, where the store says.
    pub(crate) e_tag: Option<String>,
}

/// How closely the weight objects are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// All of them are there and have the lengths that the manifest asks for.
    Whole,
    /// Their lengths, from the manifest where it has them.
    Lengths,
    /// Whatever of them there is.
    Remains,
}

impl Snapshot {
    /// The model at `location`.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no model, or a weight object is missing.
    /// - `Corrupt`: what is there is not a model.
    /// - `Conflict`: it was replaced again and again.
    pub(crate) async fn open(store: &Store, location: &Location, look: Look) -> Result<Self> {
        let path = location.json()?;
        for _ in 0..MAX_TRIES {
            let json = objects::read_json(store, &path).await?;
            let json = json.ok_or_else(|| objects::no_model(&path))?;
            let version = json.version.clone();
            let found = Self::look(store, location, json, look).await;
            // The weight objects of ours belong to one JSON; others may have changed since we read
            // it, and a model that was replaced while we looked may well seem broken.
            let certain = found.as_ref().is_ok_and(Self::is_ours);
            if certain || is_current(store, &path, &version).await? {
                return found;
            }
        }
        Err(replaced())
    }

    async fn look(store: &Store, location: &Location, json: Json, look: Look) -> Result<Self> {
        let model = ModelJson::parse(&json.text)?;
        let named = model.files();
        let keys: Vec<Path> =
            named.iter().map(|file| location.weights(&file.path)).collect::<Result<_>>()?;
        let known: Option<Vec<u64>> =
            named.iter().map(|file| Some(file.integrity?.bytes)).collect();
        let seen = match known {
            Some(lengths) if look != Look::Whole => {
                lengths.into_iter().map(|length| (length, None)).collect()
            }
            _ => lengths(store, &keys, look).await?,
        };
        let mut start = 0_u64;
        let files = named.iter().zip(keys).zip(seen).map(|((file, key), (length, e_tag))| {
            let object = WeightObject { key, start, length, integrity: file.integrity, e_tag };
            start = start
                .checked_add(length)
                .ok_or_else(|| Error::corrupt("the weight objects are larger than can be"))?;
            Ok(object)
        });
        let files: Arc<[WeightObject]> = files.collect::<Result<_>>()?;
        if look != Look::Remains {
            let lengths: Vec<u64> = files.iter().map(|file| file.length).collect();
            model.check_lengths(&lengths)?;
        }
        Ok(Self { model, json, files })
    }

    /// Whether the weight objects have names that no other save uses.
    pub(crate) fn is_ours(&self) -> bool {
        self.files.iter().all(|file| file.key.filename().is_some_and(names::is_ours))
    }

    /// The keys of the weight objects.
    pub(crate) fn keys(&self) -> Vec<Path> {
        self.files.iter().map(|file| file.key.clone()).collect()
    }

    /// Bytes of all weights.
    pub(crate) fn byte_length(&self) -> u64 {
        self.files.last().map_or(0, |last| last.start + last.length)
    }

    /// What tells this model from any other at its place, as the store has it; `None` where it does
    /// not.
    pub(crate) fn version(&self) -> Option<String> {
        let UpdateVersion { e_tag, version } = &self.json.version;
        if e_tag.is_none() && version.is_none() {
            return None;
        }
        let own = [version.as_deref(), e_tag.as_deref()].into_iter().flatten();
        let mut texts: Vec<&str> = own.collect();
        // Others may be overwritten without a change of the JSON.
        if !self.is_ours() {
            for file in self.files.iter() {
                match (&file.e_tag, file.integrity) {
                    (Some(e_tag), _) => texts.push(strong(e_tag)),
                    // Then it is in the JSON.
                    (None, Some(_)) => {}
                    (None, None) => return None,
                }
            }
        }
        Some(texts.join(" "))
    }

    /// Sizes and date.
    ///
    /// # Errors
    ///
    /// `Corrupt` when a part has no JSON form.
    pub(crate) fn info(&self) -> Result<ModelArtifactsInfo> {
        let mut artifacts = self.model.artifacts.clone();
        artifacts.weight_data = None::<Weights>;
        let mut info = ModelArtifactsInfo::new(&artifacts, self.json.saved)?;
        info.weight_data_bytes = self.byte_length();
        Ok(info)
    }
}

/// Whether the JSON object still is the one that was read.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn is_current(
    store: &Store,
    path: &Path,
    version: &UpdateVersion,
) -> Result<bool> {
    let now = objects::head(store, path).await?;
    Ok(now.is_some_and(|now| objects::version(&now) == *version))
}

async fn lengths(store: &Store, keys: &[Path], look: Look) -> Result<Vec<(u64, Option<String>)>> {
    let found = objects::heads(store, keys.to_vec()).await?;
    let seen = keys.iter().zip(found).map(|(key, found)| match found {
        Some(meta) => Ok((meta.size, meta.e_tag)),
        None if look == Look::Remains => Ok((0, None)),
        None => Err(objects::missing(key)),
    });
    seen.collect()
}
