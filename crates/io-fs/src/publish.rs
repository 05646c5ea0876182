//! How a prepared model takes the place of the old one, all or nothing.
//!
//! Two files cannot be renamed in one step, but one can. So the JSON file is renamed twice: first
//! to a text whose weight paths lie in the staging directory, which is the instant at which the new
//! model is there, and, once the weights have their own names, to the text that names those. At
//! every instant the JSON file on disk names files that are whole and its own, for any reader.
//! `docs/decisions/0004-file-saves.md` has the states one by one.

use std::{collections::BTreeSet, io, path::Path};

use cap_std::fs::{Dir, OpenOptions};
use io_core::{Error, ErrorKind, Result, WriteMode};
use io_manifest::{ModelJson, referenced_files};

use crate::{
    created::CreatedDirs,
    error::{failed, on, shown},
    location::{Location, MODEL_JSON},
    references::{self, Folder, Removal},
    snapshot::JsonFile,
    staging::{self, Staging},
    sync::{self, DirLock, Durability, LOCK_FILE},
};

/// In the staging directory: the JSON text whose weight paths lie in that directory.
const COMMIT: &str = "commit";
/// In the staging directory: the JSON file that the save replaces.
const OLD: &str = "old";
/// In the staging directory: the text of the JSON file that the save replaces, if that is a link,
/// which does not lead there from here.
const OLD_TEXT: &str = "old-text";
/// In the staging directory: the new name of a file, before it is moved over the old one.
const PLACE: &str = "place";

/// A save that is being prepared. Dropped, it leaves everything as it was.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) staging: Staging,
    dir: Dir,
    location: Location,
    mode: WriteMode,
    durability: Durability,
    // Last, so that what is in it is removed before it.
    created: CreatedDirs,
}

/// A JSON text for a model whose weight paths begin with a prefix.
pub(crate) type WriteJson<'a> = dyn Fn(&str) -> Result<Vec<u8>> + 'a;

impl Save {
    /// Makes the directory where there is none, cleans up after those who died in it, and makes
    /// room for a new model.
    pub(crate) fn prepare(
        location: &Location,
        mode: WriteMode,
        durability: Durability,
    ) -> Result<Self> {
        let path = &location.directory;
        if path.is_file() {
            let message = format!("`{}` is a file; a model is saved to a directory", shown(path));
            return Err(Error::new(ErrorKind::InvalidUrl, message));
        }
        let check = |dir: &Dir| refuse_existing(dir, &location.json, mode);
        let (dir, staging, created) = stage(path, durability, check)?;
        Ok(Self { staging, dir, location: location.clone(), mode, durability, created })
    }

    /// Makes the prepared weight `files` the model, with the JSON text that `write_json` gives.
    /// Returns what became of the weight files of the model before it.
    pub(crate) fn publish(self, files: &[&str], write_json: &WriteJson<'_>) -> Result<Removal> {
        // Dropped in reverse: what was prepared goes before the directory that was made for it.
        let Self { created, staging, dir, location, mode, durability } = self;
        let Location { directory: path, json, .. } = &location;
        staging.write(COMMIT, &write_json(&format!("{}/", staging.name))?, durability)?;
        staging.write(json, &write_json("")?, durability)?;
        durability.dir(&staging.dir).map_err(on("flush", &staging.name))?;
        created.flush(durability)?;

        let moved = || {
            let message = format!("`{}` is not the same directory any more", shown(path));
            Error::new(ErrorKind::Conflict, message)
        };
        let lock = DirLock::acquire(&dir);
        let _lock = lock.map_err(|error| match error.kind() {
            ErrorKind::NotFound => moved().with_source(error),
            _ => error,
        })?;
        if !sync::is_at(&dir, path).unwrap_or_default() {
            return Err(moved());
        }
        let folder = Folder { dir: &dir, path };
        recover(folder, durability);
        refuse_existing(&dir, json, mode)?;
        refuse_foreign(folder, &location, files)?;
        keep_text(&dir, &location, &staging, durability);
        let replaces = match link(&dir, json, &staging.dir, OLD, durability) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(on("keep a copy of", json)(error)),
        };

        // From here on the new model is there.
        staging.dir.rename(COMMIT, &dir, json).map_err(on("replace", json))?;
        if let Err(error) = durability.dir(&dir) {
            let undo =
                if replaces { staging.dir.rename(OLD, &dir, json) } else { dir.remove_file(json) };
            // If even that fails the new model stays, whole, with its files where they are.
            if undo.is_err() {
                staging.keep();
            }
            return Err(failed("cannot flush the model's directory", error));
        }
        created.keep();
        // The model is saved and readable: if this fails, the next save gives its files their names.
        Ok(complete(folder, staging, Some(json), durability).unwrap_or_default())
    }
}

/// Makes the directory at `path` where there is none, cleans up after those who died in it and, if
/// `check` has nothing against it, makes a staging directory there.
pub(crate) fn stage(
    path: &Path,
    durability: Durability,
    check: impl Fn(&Dir) -> Result<()>,
) -> Result<(Dir, Staging, CreatedDirs)> {
    let attempt = || -> Result<(Dir, Staging)> {
        let (dir, _lock) = sync::open_locked(path)?;
        recover(Folder { dir: &dir, path }, durability);
        check(&dir)?;
        let staging = Staging::create(&dir).map_err(on("write into the directory", path))?;
        Ok((dir, staging))
    };
    // Somebody whose save failed may remove the directory between any two steps of ours.
    let mut tries = 0;
    loop {
        let created = CreatedDirs::create(path)?;
        match attempt() {
            Ok((dir, staging)) => return Ok((dir, staging, created)),
            Err(error) if error.kind() == ErrorKind::NotFound && tries < 8 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Removes a model: at once for every reader, then its weight files. `check` gets its JSON text
/// first. Returns what became of the weight files.
pub(crate) fn remove(
    location: &Location,
    check: impl FnOnce(&[u8]) -> Result<()>,
) -> Result<Removal> {
    let path = &location.directory;
    let (dir, lock) = sync::open_locked(path)?;
    let folder = Folder { dir: &dir, path };
    let durability = Durability { fsync: true };
    recover(folder, durability);
    let (_, _, text) = JsonFile::read(location)?;
    check(&text)?;
    let staging = Staging::create(&dir).map_err(on("write into the directory", path))?;
    keep_text(&dir, location, &staging, durability);
    dir.rename(&location.json, &staging.dir, OLD).map_err(on("remove", location.json_path()))?;
    durability.dir(&dir).map_err(on("flush", path))?;
    let removal = complete(folder, staging, None, durability)?;
    if location.json == MODEL_JSON {
        // One that a killed process left, or the one of this lock.
        let _ = dir.remove_file(LOCK_FILE);
        drop(lock);
        // The directory was the model's, unless something else is in it.
        let _ = std::fs::remove_dir(path);
    }
    Ok(removal)
}

/// Completes or rolls back what interrupted saves left. The caller holds the lock of the folder.
///
/// Nothing depends on it succeeding: what it leaves is either a readable model or unseen.
pub(crate) fn recover(folder: Folder<'_>, durability: Durability) {
    for staging in Staging::stale(folder.dir).into_iter().flatten() {
        let _ = finish(folder, staging, durability);
    }
}

/// Gives the model in a stale staging directory its names if it is committed, and otherwise removes
/// what is there. The caller holds the lock of the folder.
///
/// # Errors
///
/// Why the staging directory stays.
pub(crate) fn finish(folder: Folder<'_>, staging: Staging, durability: Durability) -> Result<()> {
    let json = match committed(folder.dir, &staging) {
        Ok(json) => json,
        // Its weights may be in there.
        Err(error) => {
            staging.keep();
            return Err(error);
        }
    };
    complete(folder, staging, json.as_deref(), durability)?.error.map_or(Ok(()), Err)
}

/// The JSON file of the model that was committed from this staging directory and whose weights are
/// still in it.
pub(crate) fn committed(dir: &Dir, staging: &Staging) -> Result<Option<String>> {
    let names = staging::names(&staging.dir)?.into_iter();
    let Some(json) = names.filter_map(|name| name.into_string().ok()).find(|name| is_model(name))
    else {
        return Ok(None);
    };
    // No save commits a link.
    match dir.symlink_metadata(&json) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(on("look at", json)(error)),
    }
    // By its bytes, since a file that was damaged meanwhile may not parse.
    let text = references::read_file(dir, &json)?;
    Ok(contains(&text, staging.name.as_bytes()).then_some(json))
}

fn is_model(name: &str) -> bool {
    references::is_json(name.as_ref())
}

/// The files of the replaced or removed model that `staging` still has to remove.
pub(crate) fn old_files(staging: &Staging) -> BTreeSet<String> {
    let text = references::read_file(&staging.dir, OLD_TEXT)
        .or_else(|_| references::read_file(&staging.dir, OLD));
    // A model whose own text cannot be read has no files that anyone knows.
    referenced_files(&text.unwrap_or_default()).unwrap_or_default()
}

/// Keeps the text of a JSON file that is a link, to know later which files it referenced.
fn keep_text(dir: &Dir, location: &Location, staging: &Staging, durability: Durability) {
    let is_link = dir.symlink_metadata(&location.json).is_ok_and(|meta| meta.is_symlink());
    if is_link && let Ok((_, _, text)) = JsonFile::read(location) {
        // Without it, files stay that could go.
        let _ = staging.write(OLD_TEXT, &text, durability);
    }
}

/// Gives the files of the model that was committed from `staging` to `json`, if any, their names,
/// and removes the files of the model before it, then the staging directory.
///
/// # Errors
///
/// Why the files do not have their names.
fn complete(
    folder: Folder<'_>,
    staging: Staging,
    json: Option<&str>,
    durability: Durability,
) -> Result<Removal> {
    let mut old = old_files(&staging);
    if let Some(json) = json {
        let settled = settle(folder.dir, &staging, json, durability).and_then(|()| {
            // So that a save with the same names need not read what is beside it.
            referenced_files(&references::read_file(folder.dir, json)?)
        });
        match settled {
            Ok(own) => old.retain(|file| !own.contains(file)),
            Err(error) => {
                staging.keep();
                return Err(error);
            }
        }
    }
    let removal = references::remove_unreferenced(folder, old);
    if removal.error.is_some() {
        // Kept as the note of what the next save has to remove.
        staging.keep();
    }
    Ok(removal)
}

/// Gives the files of the committed model in `staging` their own names.
fn settle(dir: &Dir, staging: &Staging, json: &str, durability: Durability) -> Result<()> {
    for file in referenced_files(&references::read_file(&staging.dir, json)?)? {
        // By a second name, since readers still find the file under the first one.
        let _ = staging.dir.remove_file(PLACE);
        link(&staging.dir, &file, &staging.dir, PLACE, durability).map_err(on("link", &file))?;
        staging.dir.rename(PLACE, dir, &file).map_err(on("replace", &file))?;
    }
    let flush = || durability.dir(dir).map_err(|error| failed("cannot flush the directory", error));
    flush()?;
    staging.dir.rename(json, dir, json).map_err(on("replace", json))?;
    flush()
}

fn refuse_existing(dir: &Dir, json: &str, mode: WriteMode) -> Result<()> {
    if mode == WriteMode::Create && dir.symlink_metadata(json).is_ok() {
        return Err(Error::new(ErrorKind::AlreadyExists, "there already is a model"));
    }
    Ok(())
}

/// Refuses to replace what is no part of the model that is replaced: a JSON file that is something
/// else, a file of another model in the same directory, a directory.
fn refuse_foreign(folder: Folder<'_>, location: &Location, files: &[&str]) -> Result<()> {
    let (dir, json) = (folder.dir, &location.json);
    // What is called `model.json` may be replaced though it is damaged.
    if json != MODEL_JSON
        && let Err(error) =
            JsonFile::read(location).and_then(|(_, _, text)| ModelJson::parse(&text))
        && error.kind() != ErrorKind::NotFound
    {
        let message = format!("`{json}` is there and is not a model");
        return Err(Error::new(ErrorKind::AlreadyExists, message).with_source(error));
    }
    references::refuse_referenced(folder, json, files)?;
    for file in files {
        if dir.symlink_metadata(file).is_ok_and(|meta| meta.is_dir()) {
            return Err(Error::new(ErrorKind::AlreadyExists, format!("`{file}` is a directory")));
        }
    }
    Ok(())
}

/// Gives a file a second name; where the file system has no links, a copy, whose bytes are on disk.
fn link(
    from_dir: &Dir,
    from: &str,
    to_dir: &Dir,
    to: &str,
    durability: Durability,
) -> io::Result<()> {
    match from_dir.hard_link(from, to_dir, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            from_dir.copy(from, to_dir, to)?;
            if durability.fsync {
                to_dir.open_with(to, OpenOptions::new().write(true))?.sync_all()?;
            }
            Ok(())
        }
        done => done,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
