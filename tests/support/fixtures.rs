//! The models that reference software wrote, each with what is known about it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// How many there are. A fixture that is added or lost has to be counted here.
const COUNT: usize = 38;

/// One model folder of the fixtures.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// `k2-quant/tfjs-mixed`.
    pub name: String,
    /// The folder with `model.json`.
    pub dir: PathBuf,
    /// The `expected.json` that covers it.
    pub expected_file: PathBuf,
    /// Its key in there.
    pub artifact: String,
    /// Its entry in there.
    pub expected: Value,
}

/// Every folder of the fixtures that has a `model.json`, in order.
pub fn all() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut dirs = Vec::new();
    find(&root, &mut dirs);
    dirs.sort();
    assert_eq!(dirs.len(), COUNT, "the fixtures are not all there, or there are new ones");
    dirs.into_iter().map(|dir| Fixture::new(&root, dir)).collect()
}

/// The fixture of that name.
pub fn one(name: &str) -> Fixture {
    all().into_iter().find(|fixture| fixture.name == name).expect("there is such a fixture")
}

fn find(dir: &Path, found: &mut Vec<PathBuf>) {
    if dir.join("model.json").is_file() {
        found.push(dir.to_owned());
    }
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, found);
        }
    }
}

/// `{name, dtype, shape, sha256}` of each weight, without other keys.
pub fn digests(weights: &Value) -> Value {
    let digest = |weight: &Value| {
        let [name, dtype, shape, sha256] =
            ["name", "dtype", "shape", "sha256"].map(|key| weight[key].clone());
        json!({"name": name, "dtype": dtype, "shape": shape, "sha256": sha256})
    };
    weights.as_array().unwrap().iter().map(digest).collect()
}

impl Fixture {
    fn new(root: &Path, dir: PathBuf) -> Self {
        let name = dir.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let expected_file = dir.parent().unwrap().join("expected.json");
        let expected: Value = serde_json::from_slice(&fs::read(&expected_file).unwrap()).unwrap();
        let artifacts = expected["artifacts"].as_object().unwrap();
        let path = dir.join("model.json");
        let path = path.strip_prefix(expected_file.parent().unwrap()).unwrap();
        let (artifact, entry) = artifacts
            .iter()
            .find(|(_, entry)| entry["path"].as_str().map(Path::new) == Some(path))
            .unwrap_or_else(|| panic!("expected.json has no entry for {name}"));
        Self { artifact: artifact.clone(), expected: entry.clone(), name, expected_file, dir }
    }

    /// `{name, dtype, shape, sha256}` of each decoded weight.
    pub fn weights(&self) -> Value {
        digests(&self.expected["weights"])
    }

    /// A copy of the folder, byte by byte, at `to`.
    pub fn copy_files(&self, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(&self.dir).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }

    /// A name that can be that of one folder.
    pub fn flat_name(&self) -> String {
        self.name.replace('/', "-")
    }
}
