//! The models under a directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use blocking::unblock;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{
    Error, HandlerOptions, IOHandler, ModelArtifactsInfo, ModelEntry, ModelList, ModelStore,
    ModelUrl, Operation, Result, SaveResult, Weights,
};
use io_manifest::{ModelJson, claimed_files};
use same_file::is_same_file;

use crate::{
    FsHandler, FsOptions, claims,
    created::CreatedDirs,
    error::on,
    location::{self, Location, MODEL_JSON},
    publish,
    snapshot::{self, JsonFile, Snapshot},
    source::FsWeights,
    staging,
    sync::{self, Durability},
    version,
};

/// The models under a directory, in it and in the directories below it. Links to directories are
/// not followed.
#[derive(Clone, Debug)]
pub struct FsStore {
    pub(crate) url: ModelUrl,
    options: HandlerOptions,
}

impl FsStore {
    /// The models under `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the path is empty or has a NUL character.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        FsOptions::from_settings(&options)?;
        Location::new(&url)?;
        Ok(Self { url, options })
    }

    fn handler(&self, url: &ModelUrl) -> Result<FsHandler> {
        FsHandler::new(url.clone(), self.options.clone())
    }

    async fn copy_model(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        // The progress is that of the save; the load's would be told beside it.
        let mut quiet = self.clone();
        quiet.options.progress = None;
        let artifacts = quiet.handler(from)?.load_model().await?;
        // With its own context: what fails here is the destination.
        self.handler(to)?.save(artifacts).await
    }

    async fn rename_model(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let (source, destination) = (Location::find(from)?, Location::for_save(to)?);
        // What cannot be read is not moved.
        let found = {
            let source = source.clone();
            unblock(move || entry(&source)).await?
        };
        if is_same_file(source.json_path(), destination.json_path()).unwrap_or(false) {
            return Ok(SaveResult::new(to.clone(), found.info));
        }
        let moved = {
            let (source, destination) = (source.clone(), destination.clone());
            unblock(move || rename_directory(&source, &destination)).await?
        };
        if moved {
            return Ok(SaveResult::new(destination.url()?, found.info));
        }
        let saved = self.copy_model(from, to).await?;
        // The source goes only after the copy was read back against the checksums of what was
        // written, and only if it still is what was copied.
        let copy = FsHandler::new(to.clone(), HandlerOptions::new())?.load_model().await?;
        if let Some(weights) = copy.weight_data {
            weights.stream().try_for_each(|_| async { Ok(()) }).await?;
        }
        // By its date, since a program that trains saves the same JSON text again and again.
        unblock(move || {
            publish::remove(&source, |_| {
                let now = entry(&source)?.info;
                if now == found.info { Ok(()) } else { Err(snapshot::replaced()) }
            })
        })
        .await?;
        Ok(saved)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ModelStore for FsStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let root = match Location::find(&self.url) {
            Ok(root) => root.directory,
            Err(error) => return Box::pin(stream::iter([Err(error)])),
        };
        let url = self.url.clone();
        let context = move |error: Error| error.with_context(Operation::List, &url);
        let directories = stream::unfold(vec![root], |mut waiting| async move {
            let directory = waiting.pop()?;
            let (entries, below) = unblock(move || list_directory(&directory)).await;
            waiting.extend(below);
            Some((stream::iter(entries), waiting))
        });
        Box::pin(directories.flatten().map(move |entry| entry.map_err(&context)))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let url = model.clone();
        unblock(move || entry(&Location::find(&url)?))
            .await
            .map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let url = model.clone();
        unblock(move || remove(&Location::find(&url)?))
            .await
            .map_err(|error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.copy_model(from, to).await;
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let renamed = self.rename_model(from, to).await;
        renamed.map_err(|error| error.with_context(Operation::Move, from))
    }
}

/// The model at `location`, without its weights.
fn entry(location: &Location) -> Result<ModelEntry> {
    let snapshot = Snapshot::open(location, None)?;
    let version = version::of(location, &snapshot.files);
    let mut artifacts = snapshot.model.artifacts;
    if artifacts.weight_specs.is_some() {
        let weights = FsWeights {
            url: location.url()?,
            files: snapshot.files,
            verify: false,
            progress: None,
        };
        artifacts.weight_data = Some(Weights::from_source(weights));
    }
    let info = ModelArtifactsInfo::new(&artifacts, snapshot.saved)?;
    Ok(ModelEntry::new(location.url()?, info).with_version(version))
}

/// The models in one directory, and the directories below it.
fn list_directory(directory: &Path) -> (Vec<Result<ModelEntry>>, Vec<PathBuf>) {
    let names = match fs::read_dir(directory) {
        Ok(names) => names,
        Err(error) => return (vec![Err(on("list", directory)(error))], Vec::new()),
    };
    let (mut entries, mut below) = (Vec::new(), Vec::new());
    for name in names.flatten() {
        let Ok(kind) = name.file_type() else { continue };
        let Ok(text) = name.file_name().into_string() else { continue };
        if kind.is_dir() {
            if !staging::is_staging(&text) {
                below.push(name.path());
            }
        } else if text.ends_with(".json") {
            let location = Location { directory: directory.to_owned(), json: text };
            // `model.json` is a model, if perhaps a damaged one; another file is one if it reads as
            // one.
            if location.json == MODEL_JSON || is_model(&location) {
                entries.push(entry(&location));
            }
        }
    }
    // In a fixed order, as far as one directory goes.
    below.sort_unstable_by(|a, b| b.cmp(a));
    (entries, below)
}

/// A JSON file that is larger than this is listed only if it is called `model.json`.
const MAX_LISTED_BYTES: u64 = 64 << 20;

fn is_model(location: &Location) -> bool {
    let is_small =
        fs::metadata(location.json_path()).is_ok_and(|meta| meta.len() <= MAX_LISTED_BYTES);
    is_small && JsonFile::read(location).is_ok_and(|(_, _, text)| ModelJson::parse(&text).is_ok())
}

fn remove(location: &Location) -> Result<ModelEntry> {
    let found = remains(location)?;
    publish::remove(location, |text| ModelJson::parse(text).map(drop))?;
    Ok(found)
}

/// A model whose weight files may be missing or damaged.
fn remains(location: &Location) -> Result<ModelEntry> {
    let (_, saved, text) = JsonFile::read(location)?;
    let model = ModelJson::parse(&text)?;
    let mut info = ModelArtifactsInfo::new(&model.artifacts, saved)?;
    let length = |file: &String| fs::metadata(location.directory.join(file)).map(|meta| meta.len());
    info.weight_data_bytes =
        claimed_files(&text)?.iter().flat_map(length).fold(0, u64::saturating_add);
    Ok(ModelEntry::new(location.url()?, info))
}

/// Renames the directory of a model, if it has nothing else in it and the other name is free.
/// `false` when it has to be copied.
fn rename_directory(from: &Location, to: &Location) -> Result<bool> {
    // Without a slash at the end, after which a link would be taken for what it leads to.
    let is_link = from.directory.components().as_path().is_symlink();
    if is_link || from.json != MODEL_JSON || to.json != MODEL_JSON || to.directory.exists() {
        return Ok(false);
    }
    // Nobody saves into it while its name changes.
    let (dir, _lock) = sync::open_locked(&from.directory)?;
    let durability = Durability { fsync: true };
    publish::recover(&dir, durability);
    let text = claims::read_file(&dir, MODEL_JSON)?;
    let parts = claimed_files(&text)?;
    let names = staging::names(&dir);
    if names.iter().any(|name| name != MODEL_JSON && !parts.contains(name)) {
        return Ok(false);
    }
    let parent = location::parent(&to.directory);
    let created = CreatedDirs::create(&parent)?;
    match fs::rename(&from.directory, &to.directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(on("rename", &from.directory)(error));
        }
        // Another file system, or a name that was taken meanwhile.
        Err(_) => return Ok(false),
    }
    created.flush(durability)?;
    created.keep();
    for directory in [parent, location::parent(&from.directory)] {
        durability.path(&directory).map_err(on("flush", &directory))?;
    }
    Ok(true)
}
