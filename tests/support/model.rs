//! Model folders as plain files, read with nothing of ours: what is compared is what is on disk.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, value::RawValue};

/// The members of an object, each as its own text.
pub type Texts = BTreeMap<String, Box<RawValue>>;

/// A model folder.
#[derive(Debug)]
pub struct ModelFiles {
    /// Every top-level key but the manifest, as its own text.
    pub parts: BTreeMap<String, String>,
    /// The weight specs of all groups, in order.
    pub specs: Vec<Texts>,
    /// The keys of each group.
    pub group_keys: Vec<Vec<String>>,
    /// The weight paths of all groups, in order.
    pub paths: Vec<String>,
    /// The bytes of all weight files, in order.
    pub bytes: Vec<u8>,
}

impl ModelFiles {
    /// Reads the folder.
    pub fn read(dir: &Path) -> Self {
        let text = fs::read_to_string(dir.join("model.json")).unwrap();
        let mut top: Texts = serde_json::from_str(&text).unwrap();
        let manifest = top.remove("weightsManifest");
        let groups: Vec<Texts> =
            manifest.map(|groups| serde_json::from_str(groups.get()).unwrap()).unwrap_or_default();
        let mut model = Self {
            parts: top.into_iter().map(|(key, value)| (key, value.get().to_owned())).collect(),
            specs: Vec::new(),
            group_keys: Vec::new(),
            paths: Vec::new(),
            bytes: Vec::new(),
        };
        for group in groups {
            model.specs.extend(read::<Vec<Texts>>(&group["weights"]));
            model.paths.extend(read::<Vec<String>>(&group["paths"]));
            model.group_keys.push(group.into_keys().collect());
        }
        for path in &model.paths {
            model.bytes.extend(fs::read(dir.join(path)).unwrap());
        }
        model
    }

    /// Fails unless `copy` is this model: what is no number of ours to choose is the same text.
    pub fn assert_same(&self, copy: &Self, what: &str) {
        assert_eq!(self.parts, copy.parts, "{what}: the parts");
        assert_eq!(self.specs.len(), copy.specs.len(), "{what}: the number of weights");
        for (original, copied) in self.specs.iter().zip(&copy.specs) {
            assert_eq!(comparable(original), comparable(copied), "{what}: a weight spec");
        }
        assert!(self.bytes == copy.bytes, "{what}: the bytes of the weights");
    }

    /// Fails unless this is what modelport writes: one group, with nothing in it that other readers
    /// do not know but checksums.
    pub fn assert_ours(&self, what: &str) {
        assert_eq!(self.group_keys, [["integrity", "paths", "weights"]], "{what}");
    }
}

/// What of a spec has to stay: numbers as they were spelled, but for the shape.
fn comparable(spec: &Texts) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (key, value) in spec {
        if key == "quantization" {
            for (key, value) in read::<Texts>(value) {
                texts.insert(format!("quantization.{key}"), value.get().to_owned());
            }
        } else if ["name", "shape", "dtype", "group"].contains(&key.as_str()) {
            // Strings may be escaped in several ways and lists be spaced.
            texts.insert(key.clone(), read::<Value>(value).to_string());
        } else {
            texts.insert(key.clone(), value.get().to_owned());
        }
    }
    texts
}

fn read<'a, T: serde::Deserialize<'a>>(text: &'a RawValue) -> T {
    serde_json::from_str(text.get()).unwrap()
}

/// Every file, folder and link below `dir`, with what is in it.
pub fn tree(dir: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    if dir.exists() {
        walk(dir, dir, &mut found);
    }
    found
}

fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let is_dir = entry.file_type().unwrap().is_dir();
        let content = path.is_file().then(|| fs::read(&path).unwrap());
        found.insert(path.strip_prefix(root).unwrap().to_owned(), content);
        if is_dir {
            walk(root, &path, found);
        }
    }
}
