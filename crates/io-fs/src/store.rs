//! The models under a directory.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use blocking::unblock;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, IOHandler, ModelArtifactsInfo, ModelEntry, ModelList,
    ModelStore, ModelUrl, Operation, Result, SaveResult, Weights,
};
use io_manifest::{ModelJson, referenced_files};
use same_file::is_same_file;

use crate::{
    FsHandler, FsOptions, Symlinks,
    created::CreatedDirs,
    error::on,
    location::{self, Location, MODEL_JSON},
    publish,
    references::{self, Folder},
    snapshot::{self, JsonFile, Snapshot},
    source::FsWeights,
    staging,
    sync::{self, Durability, LOCK_FILE},
    version,
};

/// The models under a directory, in it and in the directories below it. Links to directories are
/// not followed.
#[derive(Clone, Debug)]
pub struct FsStore {
    pub(crate) url: ModelUrl,
    options: HandlerOptions,
    pub(crate) fs: FsOptions,
}

impl FsStore {
    /// The models under `url`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the path is empty or has a NUL character.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let fs = FsOptions::from_settings(&options)?;
        Location::new(&url)?;
        Ok(Self { url, options, fs })
    }

    fn find(&self, url: &ModelUrl) -> Result<Location> {
        Ok(Location::find(url)?.with_symlinks(self.fs.symlinks))
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
        let (store, from_url, to_url) = (self.clone(), from.clone(), to.clone());
        let (source, found, moved) = unblock(move || -> Result<_> {
            let (source, destination) = (store.find(&from_url)?, Location::for_save(&to_url)?);
            // What cannot be read is not moved.
            let found = entry(&source)?;
            if is_same_model(&source, &destination) {
                return Ok((source, found, Some(to_url)));
            }
            let moved = rename_directory(&source, &destination)?;
            let moved = if moved { Some(destination.url()?) } else { None };
            Ok((source, found, moved))
        })
        .await?;
        if let Some(url) = moved {
            return Ok(SaveResult::new(url, found.info));
        }
        let mut saved = self.copy_model(from, to).await?;
        // The source goes only after the copy was read back against the checksums of what was
        // written, and only if it still is what was copied.
        let copy = FsHandler::new(to.clone(), HandlerOptions::new())?.load_model().await?;
        if let Some(weights) = copy.weight_data {
            weights.stream().try_for_each(|_| async { Ok(()) }).await?;
        }
        // By its date, since a program that trains saves the same JSON text again and again.
        let removal = unblock(move || {
            publish::remove(&source, |_| {
                let now = entry(&source)?.info;
                if now == found.info { Ok(()) } else { Err(snapshot::replaced()) }
            })
        })
        .await?;
        saved.warnings.extend(removal.warnings());
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
        let url = self.url.clone();
        let context = move |error: Error| error.with_context(Operation::List, &url);
        let (url, symlinks) = (self.url.clone(), self.fs.symlinks);
        let directories = stream::unfold(None, move |waiting: Option<Vec<PathBuf>>| {
            let url = url.clone();
            async move {
                let is_root = waiting.is_none();
                let (entries, waiting) = unblock(move || {
                    let mut waiting =
                        match waiting.map_or_else(|| Ok(vec![Location::root(&url)?]), Ok) {
                            Ok(waiting) => waiting,
                            Err(error) => return Some((vec![Err(error)], Vec::new())),
                        };
                    let directory = waiting.pop()?;
                    let (entries, below) = list_directory(&directory, symlinks, is_root);
                    waiting.extend(below);
                    Some((entries, waiting))
                })
                .await?;
                Some((stream::iter(entries), Some(waiting)))
            }
        });
        Box::pin(directories.flatten().map(move |entry| entry.map_err(&context)))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (store, url) = (self.clone(), model.clone());
        unblock(move || entry(&store.find(&url)?))
            .await
            .map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (store, url) = (self.clone(), model.clone());
        unblock(move || remove(&store.find(&url)?))
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
fn list_directory(
    directory: &Path,
    symlinks: Symlinks,
    is_root: bool,
) -> (Vec<Result<ModelEntry>>, Vec<PathBuf>) {
    let names = match fs::read_dir(directory) {
        Ok(names) => names,
        // Removed since it was found.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_root => {
            return Default::default();
        }
        Err(error) => return (vec![Err(on("list", directory)(error))], Vec::new()),
    };
    let (mut entries, mut below) = (Vec::new(), Vec::new());
    for name in names {
        let found = name.and_then(|name| Ok((name.file_type()?, name)));
        let (kind, name) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                entries.push(Err(on("list", directory)(error)));
                continue;
            }
        };
        let (path, name) = (name.path(), name.file_name());
        if kind.is_dir() {
            if !name.to_str().is_some_and(staging::is_staging) {
                below.push(path);
            }
        } else if name.as_encoded_bytes().ends_with(b".json") {
            entries.extend(list_file(directory, &name, symlinks));
        }
    }
    // In a fixed order, as far as one directory goes.
    below.sort_unstable_by(|a, b| b.cmp(a));
    (entries, below)
}

/// The model in a JSON file. `model.json` is one, if perhaps a corrupt one; another file is one if
/// it reads as one.
fn list_file(directory: &Path, name: &OsStr, symlinks: Symlinks) -> Option<Result<ModelEntry>> {
    let Some(text) = name.to_str() else {
        // It has no URL, which is an error only if there is a model.
        let path = directory.join(name);
        let text = references::read_at(&path).ok()??;
        ModelJson::parse(&text).ok()?;
        return location::url_of(&path).err().map(Err);
    };
    let location = Location::of(directory.to_owned(), text).with_symlinks(symlinks);
    if text == MODEL_JSON {
        return Some(named_entry(&location));
    }
    match is_model(&location) {
        Ok(true) => Some(named_entry(&location)),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    }
}

/// As [`entry`]; a corrupt model is named, not only the place that is listed.
fn named_entry(location: &Location) -> Result<ModelEntry> {
    entry(location).map_err(|error| match location.url() {
        Ok(url) => error.with_context(Operation::List, &url),
        Err(_) => error,
    })
}

/// A JSON file that is larger than this is listed only if it is called `model.json`.
const MAX_LISTED_BYTES: u64 = 64 << 20;

fn is_model(location: &Location) -> Result<bool> {
    if fs::metadata(location.json_path()).is_ok_and(|meta| meta.len() > MAX_LISTED_BYTES) {
        return Ok(false);
    }
    match JsonFile::read(location) {
        Ok((_, _, text)) => Ok(ModelJson::parse(&text).is_ok()),
        // A pipe, or a link that leads nowhere, is none.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt) => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove(location: &Location) -> Result<ModelEntry> {
    let found = remains(location)?;
    let removal = publish::remove(location, |text| ModelJson::parse(text).map(drop))?;
    Ok(found.with_warnings(removal.warnings()))
}

/// A model whose weight files may be missing or damaged.
fn remains(location: &Location) -> Result<ModelEntry> {
    let (_, saved, text) = JsonFile::read(location)?;
    let model = ModelJson::parse(&text)?;
    let mut info = ModelArtifactsInfo::new(&model.artifacts, saved)?;
    let length = |file: &String| fs::metadata(location.directory.join(file)).map(|meta| meta.len());
    info.weight_data_bytes =
        referenced_files(&text)?.iter().flat_map(length).fold(0, u64::saturating_add);
    Ok(ModelEntry::new(location.url()?, info))
}

/// Whether both are one model, whatever the paths. A link elsewhere to the JSON file is not.
fn is_same_model(from: &Location, to: &Location) -> bool {
    let same = |a: &Path, b: &Path| is_same_file(a, b).unwrap_or(false);
    same(&from.directory, &to.directory) && same(&from.json_path(), &to.json_path())
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
    publish::recover(Folder { dir: &dir, path: &from.directory }, durability);
    let names = staging::names(&dir)?;
    // A relative link leads elsewhere from another directory.
    if names.iter().any(|name| dir.symlink_metadata(name).is_ok_and(|meta| meta.is_symlink())) {
        return Ok(false);
    }
    let text = references::read_file(&dir, MODEL_JSON)?;
    let parts = referenced_files(&text)?;
    let is_part = |name: &OsStr| {
        name == MODEL_JSON
            || name == LOCK_FILE
            || name.to_str().is_some_and(|name| parts.contains(name))
    };
    if !names.iter().all(|name| is_part(name)) {
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
