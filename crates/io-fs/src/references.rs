//! Which files of a directory its models reference, and so what a save or a removal may take away.
//!
//! What loads as a model counts as one, whatever it is called and wherever a link leads. What cannot
//! be read may reference any file: then nothing is removed.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use cap_std::fs::{Dir, FileType};
use io_core::{Error, ErrorKind, Result};
use io_manifest::{
    LONGEST_KEY, UnreferencedFiles, may_be_model_file, may_have_manifest, may_reference,
    referenced_files,
};
use same_file::is_same_file;

use crate::{
    error::{on, shown},
    location::MODEL_JSON,
    model_dir::{inside_options, is_escape, outside_options},
    snapshot::{self, MAX_JSON_BYTES},
    sync::{self, LOCK_FILE},
};

/// How much of a file tells that it is not JSON.
const HEAD_BYTES: u64 = 4 << 10;

/// How much of a large file is searched at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// A directory, and the path that leads to it, by which links are followed out of it.
#[derive(Clone, Copy)]
pub(crate) struct Folder<'a> {
    pub(crate) dir: &'a Dir,
    pub(crate) path: &'a Path,
}

/// What may reference weight files.
enum Candidate {
    /// The text of a file that has the marks of a model file; it may be corrupt.
    Text(Vec<u8>),
    /// Something that cannot be read.
    Unreadable(Error),
}

/// What became of files that were to be removed.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// Those that stay.
    pub(crate) kept: BTreeSet<String>,
    /// Why some stay that no model is known to reference.
    pub(crate) error: Option<Error>,
}

impl Removal {
    /// What the caller should know: which files stayed, and why.
    pub(crate) fn warnings(&self) -> Vec<String> {
        if self.kept.is_empty() && self.error.is_none() {
            return Vec::new();
        }
        let names: Vec<String> =
            self.kept.iter().map(|file| format!("`{}`", shown(file.as_ref()))).collect();
        let files = match names.as_slice() {
            [] => "files of the model before".to_owned(),
            [only] => format!("weight file {only}"),
            [first, .., last] => format!("{} weight files, {first} to {last},", names.len()),
        };
        vec![match &self.error {
            Some(error) => {
                let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
                format!(
                    "{files} stayed: {error}{hint}, and the next save or `gc` removes what is left"
                )
            }
            None => format!("{files} stayed, since another model beside references it"),
        }]
    }
}

/// Reads the whole of a JSON file in `dir`, not through a link that leads out.
pub(crate) fn read_file(dir: &Dir, name: &str) -> Result<Vec<u8>> {
    // Asked first: a device may have no end.
    if !dir.metadata(name).map_err(on("read", name))?.is_file() {
        return Err(Error::corrupt(format!("`{}` is not a file", shown(name.as_ref()))));
    }
    let mut bytes = Vec::new();
    let read = dir
        .open_with(name, &inside_options())
        .and_then(|file| file.take(MAX_JSON_BYTES + 1).read_to_end(&mut bytes));
    if read.map_err(on("read", name))? as u64 > MAX_JSON_BYTES {
        return Err(Error::corrupt(format!(
            "`{}` is larger than a model's JSON can be",
            shown(name.as_ref())
        )));
    }
    Ok(bytes)
}

/// Refuses a save of `files` as weights of the model in `json` if another model in the folder
/// references one of them, or may reference one that is there.
pub(crate) fn refuse_referenced(folder: Folder<'_>, json: &str, files: &[&str]) -> Result<()> {
    let is_there = |file: &str| folder.dir.symlink_metadata(file).is_ok();
    let refuse = |file: &str, is: &str, owner: &str| {
        Error::new(ErrorKind::AlreadyExists, format!("`{file}` {is} to the model in `{owner}`"))
            .with_hint("save to another directory")
    };
    each_candidate(folder, Some(json), |name, candidate| {
        let owner = shown(Path::new(name));
        let text = match candidate {
            Candidate::Text(text) => text,
            // Other files that cannot be read are hardly models, and a save must not fail for them.
            Candidate::Unreadable(error) => {
                return match files.iter().find(|file| is_json(name) && is_there(file)) {
                    Some(file) => Err(refuse(file, "may belong", &owner).with_source(error)),
                    None => Ok(()),
                };
            }
        };
        let mentioned: Vec<&str> =
            files.iter().filter(|file| may_reference(&text, file)).copied().collect();
        if mentioned.is_empty() {
            return Ok(());
        }
        let refused = match referenced_files(&text) {
            Ok(references) => mentioned
                .iter()
                .find(|file| references.iter().any(|other| is_one_file(folder, other, file)))
                .map(|file| refuse(file, "belongs", &owner)),
            Err(error) => mentioned
                .iter()
                .find(|file| is_there(file))
                .map(|file| refuse(file, "may belong", &owner).with_source(error)),
        };
        refused.map_or(Ok(()), Err)
    })
}

/// Whether two names are of one file: some file systems do not tell upper from lower case.
fn is_one_file(folder: Folder<'_>, name: &str, other: &str) -> bool {
    name == other
        || name.to_lowercase() == other.to_lowercase()
            && is_same_file(folder.path.join(name), folder.path.join(other)).unwrap_or(false)
}

/// Removes those of `files` that no model references.
pub(crate) fn remove_unreferenced(folder: Folder<'_>, mut files: BTreeSet<String>) -> Removal {
    files.retain(|file| folder.dir.symlink_metadata(file).is_ok());
    let unreferenced = match unreferenced(folder, files.clone()) {
        Ok(unreferenced) => unreferenced,
        Err(error) => return Removal { kept: files, error: Some(error) },
    };
    let mut removal = Removal { kept: files, error: None };
    for file in &unreferenced {
        match folder.dir.remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                removal.error = Some(on("remove", file)(error));
            }
            _ => {
                removal.kept.remove(file);
            }
        }
    }
    removal
}

/// Those of `files` that no model in the folder, or in one below it that has some of them,
/// references.
///
/// # Errors
///
/// What the system refuses with, `Corrupt` for a corrupt model file, when a file is left that what
/// cannot be read may reference.
pub(crate) fn unreferenced(
    folder: Folder<'_>,
    files: BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let mut unreferenced = UnreferencedFiles::new(files);
    let (mut referenced, mut unreadable) = (BTreeSet::new(), Vec::new());
    let mut outside = Vec::new();
    for below in unreferenced.folders() {
        let dir = match folder.dir.open_dir(if below.is_empty() { "." } else { &below }) {
            Ok(dir) => dir,
            // No path of a manifest leads out, so what is there is not the model's.
            Err(error) if is_escape(&error) || error.kind() == io::ErrorKind::NotADirectory => {
                outside.push(format!("{below}/"));
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(on("open the directory", folder.path.join(&below))(error)),
        };
        let path = folder.path.join(&below);
        each_candidate(Folder { dir: &dir, path: &path }, None, |name, candidate| {
            let shown_name = shown(Path::new(name));
            let failed = match candidate {
                Candidate::Text(text) => {
                    // A name that is not UTF-8 is not that of a file of the set.
                    match unreferenced.retain_unreferenced_by(
                        &below,
                        &name.to_string_lossy(),
                        &text,
                    ) {
                        Ok(files) => {
                            referenced.extend(files);
                            return Ok(());
                        }
                        Err(error) => error,
                    }
                }
                Candidate::Unreadable(error) => {
                    let message = format!(
                        "`{shown_name}` cannot be read, and may reference any of the files beside \
                         it"
                    );
                    Error::new(error.kind(), message)
                        .with_hint("repair or remove it")
                        .with_source(error)
                }
            };
            let slash = if below.is_empty() { "" } else { "/" };
            unreadable.push((format!("{below}{slash}{}", name.to_string_lossy()), failed));
            Ok(())
        })?;
    }
    let mut files = unreferenced.into_files();
    files.retain(|file| !outside.iter().any(|folder| file.starts_with(folder)));
    // The weights of a model are no model.
    let is_weights = |name: &str| referenced.contains(&name.to_lowercase()) || files.contains(name);
    match unreadable.into_iter().find(|(name, _)| !is_weights(name)) {
        Some((_, error)) if !files.is_empty() => Err(error),
        _ => Ok(files),
    }
}

/// Shows `visit` each entry of the folder that may be a model file, but not `except`.
fn each_candidate(
    folder: Folder<'_>,
    except: Option<&str>,
    mut visit: impl FnMut(&OsStr, Candidate) -> Result<()>,
) -> Result<()> {
    let listed = |error| on("list", folder.path)(error);
    let mut has_links = false;
    for entry in folder.dir.entries().map_err(listed)? {
        let entry = entry.map_err(listed)?;
        let name = entry.file_name();
        if name == LOCK_FILE || except.is_some_and(|except| is_name_of(folder, &name, except)) {
            continue;
        }
        let found = entry.file_type().and_then(|kind| {
            has_links |= kind.is_symlink();
            read_candidate(folder, &name, kind)
        });
        match found {
            Ok(Some(text)) => visit(&name, Candidate::Text(text))?,
            Ok(None) => {}
            // Removed meanwhile, unless it is a link that leads nowhere.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && folder.dir.symlink_metadata(&name).is_err() => {}
            Err(error) => visit(&name, Candidate::Unreadable(on("read", &*name)(error)))?,
        }
    }
    // Links were followed from the path, which then must still lead here.
    if has_links && !sync::is_at(folder.dir, folder.path)? {
        return Err(snapshot::replaced());
    }
    Ok(())
}

fn is_name_of(folder: Folder<'_>, name: &OsStr, json: &str) -> bool {
    name == json
        || name
            .to_str()
            .is_some_and(|name| name.eq_ignore_ascii_case(json) && is_one_file(folder, name, json))
}

/// The text of a file that has the marks of a model file.
fn read_candidate(folder: Folder<'_>, name: &OsStr, kind: FileType) -> io::Result<Option<Vec<u8>>> {
    if kind.is_dir() {
        return Ok(None);
    }
    if kind.is_symlink() {
        return read_at(&folder.path.join(name));
    }
    // Some file systems do not tell kinds in a list.
    if !kind.is_file() && !folder.dir.symlink_metadata(name)?.is_file() {
        return Ok(None);
    }
    let file = folder.dir.open_with(name, &inside_options())?.into_std();
    read_marked(file, is_named_model(name))
}

/// Reads the file at `path` if it has the marks of a model file.
pub(crate) fn read_at(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A model file is a regular file: pipes and devices are not opened.
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    read_marked(outside_options().open(path)?, is_named_model(path.file_name().unwrap_or_default()))
}

fn is_named_model(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(MODEL_JSON)
}

/// Reads a file if it has the marks of a model file, or if it `is_model` by its name.
fn read_marked(file: File, is_model: bool) -> io::Result<Option<Vec<u8>>> {
    let meta = file.metadata()?;
    // No model file is larger.
    if !meta.is_file() || meta.len() > MAX_JSON_BYTES {
        return Ok(None);
    }
    let mut text = Vec::new();
    // Bounded, since the length of a file of the system is not that of what it gives.
    let mut rest = (&file).take(MAX_JSON_BYTES);
    (&mut rest).take(HEAD_BYTES).read_to_end(&mut text)?;
    if !is_model && !may_be_model_file(&text) {
        return Ok(None);
    }
    // In parts, since a large file of another kind is not to be in memory as a whole.
    let mut is_whole = true;
    while !is_model && !may_have_manifest(&text) {
        let searched = text.len();
        if (&mut rest).take(CHUNK_BYTES).read_to_end(&mut text)? == 0 {
            return Ok(None);
        }
        if searched as u64 > CHUNK_BYTES {
            text.drain(..searched - LONGEST_KEY);
            is_whole = false;
        }
    }
    if is_whole {
        rest.read_to_end(&mut text)?;
    } else {
        text.clear();
        (&file).seek(SeekFrom::Start(0))?;
        (&file).take(MAX_JSON_BYTES).read_to_end(&mut text)?;
    }
    Ok(Some(text))
}

/// Whether this is the name of a JSON file, in upper or lower case.
pub(crate) fn is_json(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
}
