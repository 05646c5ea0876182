//! The files that Keras wrote, and what the program makes of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::program::{self, Ran};

/// A file of the fixtures that Keras wrote.
#[derive(Clone, Debug)]
pub struct KerasFile {
    /// `k2-rnn/model.h5`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The `expected.json` beside it.
    pub expected_file: PathBuf,
    /// Its key in there.
    pub artifact: String,
    /// Its entry in there.
    pub expected: Value,
}

/// How many there are.
const COUNT: usize = 76;

/// Every one, in order.
pub fn all() -> Vec<KerasFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Vec::new();
    for dir in fs::read_dir(root).unwrap() {
        let dir = dir.unwrap().path();
        let expected_file = dir.join("expected.json");
        let expected: Value = serde_json::from_slice(&fs::read(&expected_file).unwrap()).unwrap();
        for (artifact, entry) in expected["artifacts"].as_object().unwrap() {
            let path = dir.join(entry["path"].as_str().unwrap());
            if entry["kind"].as_str().unwrap().starts_with("keras-") {
                let fixture = dir.file_name().unwrap().to_str().unwrap();
                files.push(KerasFile {
                    name: format!("{fixture}/{}", entry["path"].as_str().unwrap()),
                    path,
                    expected_file: expected_file.clone(),
                    artifact: artifact.clone(),
                    expected: entry.clone(),
                });
            }
        }
    }
    files.sort_by(|one, two| one.name.cmp(&two.name));
    assert_eq!(files.len(), COUNT, "the fixtures are not all there, or there are new ones");
    files
}

/// Those whose names begin with one of `names`; each of them has to begin one.
pub fn some(names: &[&str]) -> Vec<KerasFile> {
    let all = all();
    for name in names {
        assert!(all.iter().any(|file| file.name.starts_with(name)), "there is no {name}");
    }
    let wanted = |file: &KerasFile| names.iter().any(|name| file.name.starts_with(name));
    all.into_iter().filter(wanted).collect()
}

/// Runs `modelport convert`.
pub fn convert(options: &[&str], from: &Path, to: &Path) -> Ran {
    let places = [from.to_str().unwrap(), to.to_str().unwrap()];
    program::run([&["convert"], options, &places].concat())
}

/// `{name, dtype, shape, sha256}` of the weights of the model folder `dir`, optimizers left out.
pub fn digests(dir: &Path) -> Vec<Value> {
    let info = program::run(["info", "--digest", "--json", dir.to_str().unwrap()]).json();
    let weights = info["weights"].as_array().unwrap().iter();
    weights.filter(|weight| weight["group"] != "optimizer").cloned().collect()
}

/// The digests alone, in an order of their own.
pub fn sums<'a>(weights: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut sums: Vec<_> =
        weights.into_iter().map(|weight| weight["sha256"].as_str().unwrap().to_owned()).collect();
    sums.sort();
    sums
}
