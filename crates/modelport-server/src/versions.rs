//! One version of a model: what is served of it, and how it is told from the next one.
//!
//! The model file that is served names its weights by their checksum, so that a reader who has the
//! model file of one version cannot get the weights of another: after a save they are gone. Both
//! have strong entity tags, which are the same on every server of the same models.

use std::{
    collections::HashMap,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::TryStreamExt as _;
use io_core::{Error, ErrorKind, ModelArtifactsInfo, ModelEntry, Result, Weights, WriteMode, now};
use io_manifest::{Checksum, FileIntegrity, KeyOrder, WeightFileRef, write_model_json};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use crate::{
    ModelName,
    computed::Computed,
    siblings::{self, Siblings},
    state::Server,
};

/// The most versions that are kept; each may hold files of the store open.
const MAX_KEPT: usize = 128;

/// The most bytes of model files that are kept.
const MAX_KEPT_BYTES: usize = 16 << 20;

/// From this length on a model file is worth compressing.
const MIN_GZIP_BYTES: usize = 1 << 10;

/// How old a date of whole seconds is before no later save can have it, if the clocks agree.
const SETTLED: Duration = Duration::from_secs(2);

/// How often a model is read again because somebody replaced it meanwhile.
const MAX_TRIES: usize = 8;

/// A version of a model.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) info: ModelArtifactsInfo,
    /// What the store calls the version, such as an entity tag, where it does.
    stored: Option<String>,
    pub(crate) json: Bytes,
    /// The entity tag of the model file, without quotes.
    pub(crate) json_tag: String,
    /// The model file in gzip, where that is shorter.
    pub(crate) json_gzip: Option<Bytes>,
    pub(crate) json_siblings: Siblings,
    pub(crate) weights: Option<WeightsFile>,
}

/// The one weight file of a version.
#[derive(Debug)]
pub(crate) struct WeightsFile {
    pub(crate) name: String,
    /// The entity tag, without quotes.
    pub(crate) tag: String,
    pub(crate) weights: Weights,
    /// Whether the store tells nobody who reads them that they were replaced: it keeps no checksum.
    computed: bool,
    pub(crate) siblings: Siblings,
}

/// The versions that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    kept: Mutex<HashMap<ModelName, Arc<Slot>>>,
    clock: AtomicU64,
}

/// What is known of a model.
type Known = Option<Arc<Version>>;

/// The place of one model: whoever needs its version first reads it, the others wait.
#[derive(Debug, Default)]
struct Slot {
    version: Arc<tokio::sync::Mutex<Known>>,
    used: AtomicU64,
    bytes: AtomicU64,
}

impl Versions {
    /// Drops what is known of a model.
    pub(crate) fn forget(&self, name: &ModelName) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn slot(&self, name: &ModelName) -> Arc<Slot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = kept.entry(name.clone()).or_default().clone();
        slot.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Drops what was used longest ago until the rest fits.
    fn shrink(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let bytes: u64 = kept.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
            if kept.len() <= MAX_KEPT && (bytes <= MAX_KEPT_BYTES as u64 || kept.len() <= 1) {
                return;
            }
            let oldest = kept.iter().min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            kept.remove(&name);
        }
    }
}

impl Server {
    /// The version of a model that the store has now.
    ///
    /// Where the store does not keep a checksum of the weights, those of a version that was not known
    /// are read once for it.
    ///
    /// # Errors
    ///
    /// Those of a load.
    pub(crate) async fn version(self: &Arc<Self>, name: &ModelName) -> Result<Arc<Version>> {
        let slot = self.versions.slot(name);
        let known = slot.version.clone().lock_owned().await;
        // It goes on where the client gives up: the next one finds what was read.
        let (server, name) = (self.clone(), name.clone());
        let work = async move { server.look(&name, &slot, known).await };
        let ended = |error| Error::new(ErrorKind::Unexpected, "a task ended").with_source(error);
        tokio::spawn(work).await.map_err(ended)?
    }

    async fn look(
        &self,
        name: &ModelName,
        slot: &Slot,
        mut known: OwnedMutexGuard<Known>,
    ) -> Result<Arc<Version>> {
        let url = self.url(name)?;
        let store = self.store()?;
        for _ in 0..MAX_TRIES {
            let now = match store.stat(&url).await {
                Ok(entry) => entry,
                Err(error) => {
                    *known = None;
                    self.versions.forget(name);
                    return Err(error);
                }
            };
            if let Some(version) = known.as_ref().filter(|version| version.is_of(&now)).cloned() {
                if !version.is_certain() {
                    *known = None;
                }
                return Ok(version);
            }
            *known = match self.read(name, now).await {
                Ok(version) => {
                    let gzip = version.json_gzip.as_ref().map_or(0, Bytes::len);
                    slot.bytes.store((version.json.len() + gzip) as u64, Ordering::Relaxed);
                    Some(Arc::new(version))
                }
                Err(error) if error.kind() == ErrorKind::Conflict => None,
                Err(error) => {
                    self.versions.forget(name);
                    return Err(error);
                }
            };
            self.versions.shrink();
        }
        Err(Error::new(ErrorKind::Conflict, "the model was replaced again and again"))
    }

    /// The version whose weights are called `file`, as long as the store has them.
    ///
    /// # Errors
    ///
    /// Those of [`version`](Self::version).
    pub(crate) async fn version_of(
        self: &Arc<Self>,
        name: &ModelName,
        file: &str,
    ) -> Result<Option<Arc<Version>>> {
        let has = |version: &Version| version.weights.as_ref().is_some_and(|own| own.name == file);
        // Weights of a version that was replaced fail when they are read, if the store can tell.
        let fails = |version: &Version| version.weights.as_ref().is_some_and(|own| !own.computed);
        let known = self.versions.slot(name).version.lock().await.clone();
        if let Some(version) = known.filter(|version| has(version) && fails(version)) {
            return Ok(Some(version));
        }
        Ok(Some(self.version(name).await?).filter(|version| has(version)))
    }

    async fn read(&self, name: &ModelName, entry: ModelEntry) -> Result<Version> {
        let handler = self.handler(name, WriteMode::Replace)?;
        let ModelEntry { info, version: stored, .. } = entry;
        let artifacts = handler.load().await?;
        let weights = artifacts.weight_data.clone().filter(|_| artifacts.weight_specs.is_some());
        let (json_path, weights_path) = self.paths(name).await?.unzip();
        let weights = match weights {
            Some(weights) => {
                let integrity = integrity(&weights).await?;
                let tag = format!("{:016x}-{:x}", integrity.crc64nvme, integrity.bytes);
                let name = format!("weights-{tag}.bin");
                let siblings = Siblings::new(weights_path.flatten(), integrity);
                let computed = weights.crc64nvme().is_none();
                let weights = if computed { Computed::pin(weights, integrity) } else { weights };
                Some((WeightsFile { name, tag, weights, computed, siblings }, integrity))
            }
            None => None,
        };
        let path = weights.as_ref().map(|(file, _)| format!("./{}", file.name));
        let files: Vec<WeightFileRef<'_>> = weights
            .iter()
            .zip(&path)
            .map(|((_, integrity), path)| WeightFileRef { path, integrity: Some(*integrity) })
            .collect();
        let json = Bytes::from(write_model_json(&artifacts, &files, KeyOrder::Core)?);
        let digest = Sha256::digest(&json);
        let json_tag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let json_gzip = gzip(&json);
        let json_integrity = integrity(&Weights::from(json.clone())).await?;
        let json_siblings = Siblings::new(json_path, json_integrity);
        let weights = weights.map(|(file, _)| file);
        Ok(Version { info, stored, json, json_tag, json_gzip, json_siblings, weights })
    }

    /// Where the model file and the weights are, where that is a folder.
    async fn paths(&self, name: &ModelName) -> Result<Option<(PathBuf, Option<PathBuf>)>> {
        if self.root.scheme() != "file" {
            return Ok(None);
        }
        let folder = PathBuf::from(self.url(name)?.rest());
        Ok(Some(siblings::paths_in(folder, self.options.limits.model_json_bytes).await))
    }
}

impl Version {
    /// Whether this is what the store has, as far as sizes, date and the store's own version tell.
    fn is_of(&self, entry: &ModelEntry) -> bool {
        self.info == entry.info && self.stored == entry.version
    }

    /// Whether [`is_of`](Self::is_of) is true of no other version. Where the store has no name for a
    /// version there is the date alone, and some count whole seconds: then it has to be old.
    fn is_certain(&self) -> bool {
        let saved = self.info.date_saved;
        let since = saved.duration_since(SystemTime::UNIX_EPOCH);
        self.stored.is_some()
            || since.is_ok_and(|since| since.subsec_nanos() != 0)
            || now().duration_since(saved).is_ok_and(|age| age >= SETTLED)
    }
}

/// Length and checksum of weights.
///
/// # Errors
///
/// Those of reading them, where the store does not keep their checksum.
async fn integrity(weights: &Weights) -> Result<FileIntegrity> {
    if let Some(crc64nvme) = weights.crc64nvme() {
        return Ok(FileIntegrity { bytes: weights.byte_length(), crc64nvme });
    }
    let mut checksum = Checksum::new();
    let mut stream = weights.stream();
    while let Some(chunk) = stream.try_next().await? {
        checksum.update(&chunk);
    }
    Ok(checksum.integrity())
}

/// `text` compressed, where that helps.
fn gzip(text: &[u8]) -> Option<Bytes> {
    if text.len() < MIN_GZIP_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).ok()?;
    encoder.finish().ok().filter(|short| short.len() < text.len()).map(Bytes::from)
}
