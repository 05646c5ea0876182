//! Whose a weight file is: nothing is removed that a model beside it has.

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
pub fn claimed_files(text: &[u8]) -> Result<BTreeSet<String>> {
    files_of(text, looks_like_model(text))
}

/// Files that are to be removed unless some model has them.
///
/// Whoever removes them shows it every JSON file of every one of [`folders`](Self::folders).
#[derive(Clone, Debug)]
pub struct Unclaimed(BTreeSet<String>);

impl Unclaimed {
    /// `files` are paths as those of [`claimed_files`].
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

    /// Leaves to a JSON file in `folder` what it has, in upper or lower case, since many places do
    /// not tell these apart. `name` may be the whole path.
    ///
    /// # Errors
    ///
    /// `Corrupt` when it is a damaged model: then none of the files may be removed.
    pub fn leave(&mut self, folder: &str, name: &str, text: &[u8]) -> Result<()> {
        let looks_like_one =
            name.rsplit('/').next() == Some("model.json") || looks_like_model(text);
        let claims = files_of(text, looks_like_one).map_err(|error| {
            let message = format!("`{name}` is damaged, and any file beside it may be one of its");
            Error::corrupt(message).with_hint("repair or remove it").with_source(error)
        })?;
        let path = |file| if folder.is_empty() { file } else { format!("{folder}/{file}") };
        let claims: BTreeSet<String> =
            claims.into_iter().map(|file| path(file).to_lowercase()).collect();
        self.0.retain(|file| !claims.contains(&file.to_lowercase()));
        Ok(())
    }

    /// Those that no model has that was shown.
    pub fn into_files(self) -> BTreeSet<String> {
        self.0
    }
}

/// The files of the model in `text`; whether what is none would have been one is for the caller to
/// say.
fn files_of(text: &[u8], looks_like_one: bool) -> Result<BTreeSet<String>> {
    let model = match ModelJson::parse(text) {
        Ok(model) => model,
        Err(error) if looks_like_one => return Err(error),
        Err(_) => return Ok(BTreeSet::new()),
    };
    let files = model.files().into_iter().filter(|file| check_path(&file.path).is_ok());
    // A model file is never a weight file, whatever the manifest says.
    Ok(files.map(|file| plain(&file.path)).filter(|path| !path.ends_with(".json")).collect())
}

/// A manifest path without `.` segments and doubled slashes.
fn plain(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    segments.join("/")
}

fn looks_like_model(text: &[u8]) -> bool {
    let has = |key: &[u8]| text.windows(key.len()).any(|window| window == key);
    // A weights manifest that stands alone is an array of groups.
    let is_array = || {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        text.trim_ascii_start().starts_with(b"[")
    };
    KEYS.iter().any(|key| has(key)) || (is_array() && BARE_KEYS.iter().all(|key| has(key)))
}

#[cfg(test)]
mod tests {
    use super::{Unclaimed, claimed_files};
    use io_core::ErrorKind;

    fn model(paths: &str) -> String {
        format!(r#"{{"weightsManifest":[{{"paths":[{paths}],"weights":[]}}]}}"#)
    }

    fn files(unclaimed: Unclaimed) -> Vec<String> {
        unclaimed.into_files().into_iter().collect()
    }

    #[test]
    fn a_model_has_the_files_of_its_manifest_and_nothing_else() {
        let claims = claimed_files(model(r#""./a//w.bin","model.json","x/y.json""#).as_bytes());
        assert_eq!(claims.unwrap().into_iter().collect::<Vec<_>>(), ["a/w.bin"]);
        for text in ["{}", "", "[1]", r#"{"name":"package"}"#, "{\"name\":,}"] {
            assert!(claimed_files(text.as_bytes()).unwrap().is_empty(), "{text}");
        }
    }

    #[test]
    fn a_bare_manifest_references_the_files_of_its_groups() {
        let text = r#"[{"paths":["a-shard1"],"weights":[]},{"weights":[],"paths":["a-shard2"]}]"#;
        let claims = claimed_files(text.as_bytes()).unwrap();
        assert_eq!(claims.into_iter().collect::<Vec<_>>(), ["a-shard1", "a-shard2"]);
        let mut unclaimed = Unclaimed::new(["a-shard1".to_owned(), "b".to_owned()].into());
        unclaimed.leave("", "a-weights_manifest.json", text.as_bytes()).unwrap();
        assert_eq!(files(unclaimed), ["b"]);
    }

    #[test]
    fn a_damaged_model_may_have_any_file() {
        let whole = model(r#""w.bin""#);
        let bare = r#" [{"paths":["w.bin"],"weights":[]}"#.to_owned();
        for damaged in
            [&whole[..whole.len() - 2], &whole.replace("w.bin", "../w.bin"), bare.as_str()]
        {
            assert_eq!(claimed_files(damaged.as_bytes()).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn what_a_model_in_any_folder_above_a_file_has_is_left_to_it() {
        let all = ["a/b/w.bin", "a/v.bin", "u.bin"];
        let new = || Unclaimed::new(all.iter().map(|&file| file.to_owned()).collect());
        assert_eq!(new().folders().into_iter().collect::<Vec<_>>(), ["", "a", "a/b"]);
        assert!(Unclaimed::new(Default::default()).folders().is_empty());
        for (folder, paths, left) in [
            ("", r#""u.bin","a/v.bin""#, &all[..1]),
            ("a", r#""b/w.bin""#, &all[1..]),
            ("a/b", r#""w.bin""#, &all[1..]),
            ("a/b", r#""u.bin""#, &all[..]),
            ("a", r#""B/W.BIN""#, &all[1..]),
        ] {
            let mut unclaimed = new();
            unclaimed.leave(folder, "m.json", model(paths).as_bytes()).unwrap();
            let mut left = left.to_vec();
            left.sort_unstable();
            assert_eq!(files(unclaimed), left, "{folder} {paths}");
        }
        assert!(new().leave("a", "package.json", b"{}").is_ok());
        assert!(new().leave("a", "model.json", b"").is_err());
        let damaged = new().leave("a", "m.json", b"{\"modelTopology\":").unwrap_err();
        assert_eq!(damaged.kind(), ErrorKind::Corrupt);
        assert!(damaged.to_string().contains("`m.json` is damaged"), "{damaged}");
    }
}
