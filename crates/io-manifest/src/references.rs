//! Which weight files the models of a folder reference: nothing is removed that another model
//! references.

use std::collections::BTreeSet;

use io_core::{Error, Result};

use crate::{ModelJson, check_path};

/// The keys by one of which a damaged model is told from other JSON.
const KEYS: [&[u8]; 2] = [b"weightsManifest", b"modelTopology"];

/// The keys by both of which a damaged weights manifest is told from another array.
const BARE_KEYS: [&[u8]; 2] = [b"\"paths\"", b"\"weights\""];

/// The files that a JSON text, which may be anything, has as weights: paths beside it, without `.`
/// segments and doubled slashes. What is no model has none, and a path that leaves the directory or
/// names a JSON file is nobody's.
///
/// # Errors
///
/// `Corrupt` when the text is a damaged model, as after an edit by hand: it may have any file.
pub fn referenced_files(text: &[u8]) -> Result<BTreeSet<String>> {
    match ModelJson::parse(text) {
        Ok(model) => Ok(references(&model)),
        Err(error) if looks_like_model(text) => Err(error),
        Err(_) => Ok(BTreeSet::new()),
    }
}

/// Whether a file that begins with `head`, at most its first few kilobytes, may be a model file,
/// whatever it is called: a JSON object with a key, or an array of objects. `false` is certain, so
/// that weights and other large files need not be read.
///
/// # Examples
///
/// ```
/// use io_manifest::may_be_model_file;
///
/// assert!(may_be_model_file(br#" {"modelTopology": "#));
/// assert!(!may_be_model_file(&[0x3f, 0x80, 0, 0]));
/// ```
pub fn may_be_model_file(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let Some((first, rest)) = text.split_first() else { return !head.is_empty() };
    let next = rest.trim_ascii_start().first();
    match first {
        b'{' => next.is_none_or(|next| *next == b'"'),
        b'[' => next.is_none_or(|next| *next == b'{'),
        _ => false,
    }
}

/// Whether a part of the text of a JSON file can be that of a model file: it has a key that every
/// model file has, or an escape that may hide one. No key is longer than [`LONGEST_KEY`].
///
/// # Examples
///
/// ```
/// use io_manifest::may_have_manifest;
///
/// assert!(may_have_manifest(br#"{"weightsManifest":[]}"#));
/// assert!(!may_have_manifest(br#"{"name":"a package"}"#));
/// ```
pub fn may_have_manifest(text: &[u8]) -> bool {
    // The last is a key of a manifest that is a file of its own.
    let keys = [KEYS[0], KEYS[1], b"\"paths\"", ESCAPE];
    (0..text.len())
        .filter_map(|at| text.get(at..))
        .any(|rest| keys.iter().any(|key| rest.starts_with(key)))
}

/// How many bytes of two parts of a text must overlap for [`may_have_manifest`] to miss nothing.
pub const LONGEST_KEY: usize = KEYS[0].len();

/// Whether the text of a JSON file can reference the weight file `file`, in upper or lower case,
/// also if it is a corrupt model file. `false` is certain, and much faster to find out than by
/// [`referenced_files`].
///
/// # Examples
///
/// ```
/// use io_manifest::may_reference;
///
/// let text = br#"{"weightsManifest":[{"paths":["w.bin"],"weights":[]}]}"#;
/// assert!(may_reference(text, "W.BIN") && !may_reference(text, "v.bin"));
/// ```
pub fn may_reference(text: &[u8], file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file).as_bytes();
    let is_plain = name.iter().all(|byte| (b' '..=b'~').contains(byte) && !b"\"\\".contains(byte));
    // A whole segment, at the end of a string or of a text that was cut.
    let is_there = |rest: &[u8]| {
        rest.split_first().is_some_and(|(before, rest)| {
            b"\"/".contains(before)
                && rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
                && rest.get(name.len()).is_none_or(|after| *after == b'"')
        })
    };
    !is_plain
        || contains(text, ESCAPE)
        || (0..text.len()).filter_map(|at| text.get(at..)).any(is_there)
}

/// The beginning of the escape of an ASCII character in JSON.
const ESCAPE: &[u8] = b"\\u00";

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Files that are to be removed unless some model references them.
///
/// The caller shows it every file of every one of [`folders`](Self::folders) that may be a model
/// file, whatever its name.
///
/// # Examples
///
/// ```
/// use io_manifest::UnreferencedFiles;
///
/// let mut files = UnreferencedFiles::new(["v.bin".to_owned(), "w.bin".to_owned()].into());
/// let other = br#"{"weightsManifest":[{"paths":["w.bin"],"weights":[]}]}"#;
/// let referenced = files.retain_unreferenced_by("", "other.json", other)?;
/// assert!(referenced.contains("w.bin"));
/// assert_eq!(files.into_files().into_iter().collect::<Vec<_>>(), ["v.bin"]);
/// # Ok::<(), io_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnreferencedFiles(BTreeSet<String>);

impl UnreferencedFiles {
    /// `files` are paths as those of [`referenced_files`].
    pub fn new(files: BTreeSet<String>) -> Self {
        Self(files)
    }

    /// The folders in which there may be a model that has one of the files; the first, which is
    /// empty, is where the paths begin.
    pub fn folders(&self) -> BTreeSet<String> {
        let above = |path: &str| -> Vec<String> {
            path.match_indices('/').filter_map(|(at, _)| Some(path.get(..at)?.to_owned())).collect()
        };
        let all = self.0.iter().flat_map(|path| above(path));
        all.chain((!self.0.is_empty()).then(String::new)).collect()
    }

    /// Removes from the set every file that this JSON file in `folder` references, and the file
    /// itself if it is a model. Case-insensitive, because many stores are. `name` may be the whole
    /// path.
    ///
    /// Returns what it references, as paths like those of the set, in lower case.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is a corrupt model file: then none of the files may be removed.
    pub fn retain_unreferenced_by(
        &mut self,
        folder: &str,
        name: &str,
        text: &[u8],
    ) -> Result<BTreeSet<String>> {
        let own = name.rsplit('/').next().unwrap_or(name);
        let files = match ModelJson::parse(text) {
            Ok(model) => references(&model),
            Err(error) if own.eq_ignore_ascii_case("model.json") || looks_like_model(text) => {
                let message =
                    format!("`{name}` is corrupt, and may reference any of the files beside it");
                return Err(Error::corrupt(message)
                    .with_hint("repair or remove it")
                    .with_source(error));
            }
            Err(_) => return Ok(BTreeSet::new()),
        };
        let path =
            |file: &str| if folder.is_empty() { file.into() } else { format!("{folder}/{file}") };
        let references: BTreeSet<String> =
            files.iter().map(|file| path(file).to_lowercase()).collect();
        let own = path(own).to_lowercase();
        self.0.retain(|file| {
            let file = file.to_lowercase();
            file != own && !references.contains(&file)
        });
        Ok(references)
    }

    /// The files that no model references so far.
    pub fn files(&self) -> &BTreeSet<String> {
        &self.0
    }

    /// The files that no model references of those that were shown.
    pub fn into_files(self) -> BTreeSet<String> {
        self.0
    }
}

/// The files that a model references.
fn references(model: &ModelJson) -> BTreeSet<String> {
    let files = model.files().into_iter().filter(|file| check_path(&file.path).is_ok());
    // A model file is never a weight file, whatever the manifest says.
    files.map(|file| plain(&file.path)).filter(|path| !is_json(path)).collect()
}

fn is_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
}

/// A manifest path without `.` segments and doubled slashes.
fn plain(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    segments.join("/")
}

fn looks_like_model(text: &[u8]) -> bool {
    // A weights manifest that stands alone is an array of groups.
    let is_array = || {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        text.trim_ascii_start().starts_with(b"[")
    };
    KEYS.iter().any(|key| contains(text, key))
        || (is_array() && BARE_KEYS.iter().all(|key| contains(text, key)))
}

#[cfg(test)]
mod tests {
    use super::{
        LONGEST_KEY, UnreferencedFiles, may_be_model_file, may_have_manifest, may_reference,
        referenced_files,
    };
    use io_core::ErrorKind;

    fn model(paths: &str) -> String {
        format!(r#"{{"weightsManifest":[{{"paths":[{paths}],"weights":[]}}]}}"#)
    }

    fn files(unreferenced: UnreferencedFiles) -> Vec<String> {
        unreferenced.into_files().into_iter().collect()
    }

    #[test]
    fn a_model_has_the_files_of_its_manifest_and_nothing_else() {
        let found = referenced_files(model(r#""./a//w.bin","model.json","x/y.JSON""#).as_bytes());
        assert_eq!(found.unwrap().into_iter().collect::<Vec<_>>(), ["a/w.bin"]);
        for text in ["{}", "", "[1]", r#"{"name":"package"}"#, "{\"name\":,}"] {
            assert!(referenced_files(text.as_bytes()).unwrap().is_empty(), "{text}");
        }
    }

    #[test]
    fn a_bare_manifest_references_the_files_of_its_groups() {
        let text = r#"[{"paths":["a-shard1"],"weights":[]},{"weights":[],"paths":["a-shard2"]}]"#;
        let found = referenced_files(text.as_bytes()).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a-shard1", "a-shard2"]);
        let mut unreferenced =
            UnreferencedFiles::new(["a-shard1".to_owned(), "b".to_owned()].into());
        unreferenced
            .retain_unreferenced_by("", "a-weights_manifest.json", text.as_bytes())
            .unwrap();
        assert_eq!(files(unreferenced), ["b"]);
    }

    #[test]
    fn a_damaged_model_may_have_any_file() {
        let whole = model(r#""w.bin""#);
        let bare = r#" [{"paths":["w.bin"],"weights":[]}"#.to_owned();
        for damaged in
            [&whole[..whole.len() - 2], &whole.replace("w.bin", "../w.bin"), bare.as_str()]
        {
            assert_eq!(
                referenced_files(damaged.as_bytes()).unwrap_err().kind(),
                ErrorKind::Corrupt
            );
        }
    }

    #[test]
    fn what_a_model_in_any_folder_above_a_file_has_is_left_to_it() {
        let all = ["a/b/w.bin", "a/v.bin", "u.bin"];
        let new = || UnreferencedFiles::new(all.iter().map(|&file| file.to_owned()).collect());
        assert_eq!(new().folders().into_iter().collect::<Vec<_>>(), ["", "a", "a/b"]);
        assert!(UnreferencedFiles::new(Default::default()).folders().is_empty());
        for (folder, paths, left) in [
            ("", r#""u.bin","a/v.bin""#, &all[..1]),
            ("a", r#""b/w.bin""#, &all[1..]),
            ("a/b", r#""w.bin""#, &all[1..]),
            ("a/b", r#""u.bin""#, &all[..]),
            ("a", r#""B/W.BIN""#, &all[1..]),
        ] {
            let mut unreferenced = new();
            unreferenced.retain_unreferenced_by(folder, "m.json", model(paths).as_bytes()).unwrap();
            let mut left = left.to_vec();
            left.sort_unstable();
            assert_eq!(files(unreferenced), left, "{folder} {paths}");
        }
        assert!(new().retain_unreferenced_by("a", "package.json", b"{}").is_ok());
        assert!(new().retain_unreferenced_by("a", "model.json", b"").is_err());
        let damaged =
            new().retain_unreferenced_by("a", "m.json", b"{\"modelTopology\":").unwrap_err();
        assert_eq!(damaged.kind(), ErrorKind::Corrupt);
        assert!(damaged.to_string().contains("`m.json` is corrupt"), "{damaged}");
    }

    #[test]
    fn a_file_that_cannot_be_a_model_is_told_by_its_first_bytes() {
        for head in ["{\"a\"", "\u{feff} {", " \n", "[ {", "[", "{\n \"modelTopology\""] {
            assert!(may_be_model_file(head.as_bytes()), "{head:?}");
        }
        for head in [b"".as_slice(), b"{\0\0\0", b"{x", b"[1", b"\0\0\x80\x3f", b"\"{", b"<html>"] {
            assert!(!may_be_model_file(head), "{head:?}");
        }
    }

    #[test]
    fn a_text_without_the_keys_of_a_model_is_none() {
        assert_eq!(LONGEST_KEY, "weightsManifest".len());
        for text in [&model("\"w\""), r#"{"modelTopology":"#, r#"{"\u006dodelTopology":{}}"#] {
            assert!(may_have_manifest(text.as_bytes()), "{text}");
        }
        assert!(!may_have_manifest(br#"{"type":"FeatureCollection","features":[]}"#));
    }

    #[test]
    fn a_text_that_may_reference_a_file_has_its_name() {
        for (paths, file, may) in [
            (r#""w.bin""#, "w.bin", true),
            (r#""W.BIN""#, "w.bin", true),
            (r#""a\/w.bin""#, "a/w.bin", true),
            (r#""w\u002ebin""#, "w.bin", true),
            (r#""v.bin""#, "\u{e9}.bin", true),
            (r#""v.bin""#, "w.bin", false),
            (r#""v.w.bin""#, "w.bin", false),
            (r#""w.bin.gz""#, "w.bin", false),
        ] {
            assert_eq!(may_reference(model(paths).as_bytes(), file), may, "{paths} {file}");
        }
        assert!(may_reference(br#"{"weightsManifest":[{"paths":["w.bin"#, "w.bin"));
    }

    #[test]
    fn a_model_file_that_another_model_calls_its_weights_stays() {
        let mut unreferenced = UnreferencedFiles::new(["a/topology.txt".to_owned()].into());
        unreferenced.retain_unreferenced_by("a", "a/Topology.txt", model("").as_bytes()).unwrap();
        assert!(unreferenced.files().is_empty());
    }
}
