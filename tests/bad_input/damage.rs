//! The kinds of damage, and what the program says of each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use modelport_tests::{fixtures, program};
use serde_json::{Value, json};

/// A fixture, what is done to a copy of it, and how the program refuses that.
pub(super) struct Case<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    /// What the sentence says after the URL; a hint is behind ` | `.
    pub(super) says: &'a str,
    pub(super) fixture: &'a str,
    pub(super) damage: fn(&Path),
}

/// A directory with a damaged model in `source`.
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) source: PathBuf,
    _root: tempfile::TempDir,
}

impl Place {
    pub(super) fn new(case: &Case<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        let source = root.join("source");
        fs::write(root.join("outside.bin"), vec![0; 4]).unwrap();
        fixtures::one(case.fixture).copy_files(&source);
        (case.damage)(&source);
        Self { root, source, _root: dir }
    }
}

pub(super) const WRONG_URLS: [(&str, &str, &str); 5] = [
    // Which are known depends on the features that the program was built with.
    ("ftp://x", "UnknownScheme", "no handler for `ftp://`: known are "),
    (
        "indexeddb://model",
        "UnknownScheme",
        "no handler for `indexeddb://`: io-browser-indexeddb does not run on this target",
    ),
    (
        "1a://x",
        "InvalidUrl",
        "what stands before `://` is not a scheme | hint: a path that has `://` in it begins with \
         `./`",
    ),
    (
        "://x",
        "InvalidUrl",
        "what stands before `://` is not a scheme | hint: a path that has `://` in it begins with \
         `./`",
    ),
    ("file://", "InvalidUrl", "cannot open file://: the path is empty"),
];

macro_rules! cases {
    ($($name:literal, $fixture:literal, $kind:literal, $says:literal, $damage:expr;)*) => {
        &[$(Case { name: $name, fixture: $fixture, kind: $kind, says: $says, damage: $damage }),*]
    };
}

pub(super) const DAMAGED: &[Case<'static>] = cases! {
    "no such directory", "js-rnn/tfjs", "NotFound",
        "`ROOT/source/model.json` does not exist",
        |dir| fs::remove_dir_all(dir).unwrap();
    "directory without a model", "js-rnn/tfjs", "NotFound",
        "`ROOT/source` has no `model.json`",
        |dir| fs::remove_file(dir.join("model.json")).unwrap();
    "empty model file", "js-rnn/tfjs", "Corrupt",
        "the model file is empty",
        |dir| write_json(dir, "");
    "not JSON", "js-rnn/tfjs", "Corrupt",
        "the model file is not JSON: EOF while parsing a value",
        |dir| write_json(dir, "{\"modelTopology\": {}, ");
    "not UTF-8", "js-rnn/tfjs", "Corrupt",
        "invalid utf-8 sequence of 1 bytes from index 2",
        |dir| fs::write(dir.join("model.json"), b"{\"\xff\": 1}").unwrap();
    "Python's NaN", "js-rnn/tfjs", "Corrupt",
        "hint: it holds NaN or Infinity, which Python's json module writes but JSON does not have",
        |dir| write_json(dir, "{\"modelTopology\": {\"a\": NaN}}");
    "JSON, not an object", "js-rnn/tfjs", "Corrupt",
        "the model file is not a JSON object: invalid type: sequence, expected an object",
        |dir| write_json(dir, "[1, 2]");
    "JSON, not a model", "js-rnn/tfjs", "Corrupt",
        "the file is not a model: it has neither `modelTopology` nor `weightsManifest`",
        |dir| write_json(dir, "{\"name\": \"package\"}");
    "topology of the wrong shape", "js-rnn/tfjs", "Corrupt",
        "the key `modelTopology` of the model file is not an object",
        |dir| edit(dir, |model| model["modelTopology"] = json!("text"));
    "manifest of the wrong shape", "js-rnn/tfjs", "Corrupt",
        "the key `weightsManifest` of the model file is not an array: invalid type: map, expected \
         a sequence",
        |dir| edit(dir, |model| model["weightsManifest"] = json!({}));
    "missing weight file", "js-rnn/tfjs", "NotFound",
        "weight file `weights.bin` is missing",
        |dir| fs::remove_file(dir.join("weights.bin")).unwrap();
    "missing shard", "k2-sharded/tfjs-100", "NotFound",
        "weight file `group1-shard2of6.bin` is missing",
        |dir| fs::remove_file(dir.join("group1-shard2of6.bin")).unwrap();
    "short shard", "k2-sharded/tfjs-100", "Corrupt",
        "the 6 weight files `group1-shard1of6.bin` to `group1-shard6of6.bin` have 591 bytes \
         instead of 592",
        |dir| resize(&dir.join("group1-shard2of6.bin"), -1);
    "long shard", "k2-sharded/tfjs-100", "Corrupt",
        "the 6 weight files `group1-shard1of6.bin` to `group1-shard6of6.bin` have 593 bytes \
         instead of 592",
        |dir| resize(&dir.join("group1-shard2of6.bin"), 1);
    "flipped bit", "js-rnn/tfjs", "Corrupt",
        "weight file `weights.bin` fails its checksum",
        flip_bit;
    ".. in a path", "js-rnn/tfjs", "Corrupt",
        "the weight path `../outside.bin` of the model file leaves the directory of the model",
        |dir| set_path(dir, "../outside.bin");
    "absolute path", "js-rnn/tfjs", "Corrupt",
        "the weight path `/etc/passwd` of the model file is absolute",
        |dir| set_path(dir, "/etc/passwd");
    "URL as a path", "js-rnn/tfjs", "Corrupt",
        "the weight path `https://example.org/weights.bin` of the model file starts with a drive \
         letter or a URL scheme",
        |dir| set_path(dir, "https://example.org/weights.bin");
    "folder that is a link out of the directory", "js-rnn/tfjs", "Corrupt",
        "weight file `d/outside.bin` leads out of the model's directory",
        link_out;
    "link to a device", "js-rnn/tfjs", "Corrupt",
        "weight file `weights.bin` is not a file",
        |dir| {
            fs::remove_file(dir.join("weights.bin")).unwrap();
            std::os::unix::fs::symlink("/dev/zero", dir.join("weights.bin")).unwrap();
        };
    "directory as weights", "js-rnn/tfjs", "Corrupt",
        "weight file `d` is not a file",
        |dir| { fs::create_dir(dir.join("d")).unwrap(); set_path(dir, "d") };
    "negative shape", "js-rnn/tfjs", "Corrupt",
        "the entry of weight `bi/forward_inner/kernel` cannot be used: `-1` is not a dimension",
        |dir| edit_weight(dir, |weight| weight["shape"] = json!([-1, 4]));
    "huge shape", "js-rnn/tfjs", "Corrupt",
        "the weight file `weights.bin` has 1276 bytes instead of 36028797018965144",
        |dir| edit_weight(dir, |weight| weight["shape"] = json!([9_007_199_254_740_991_u64]));
    "product overflow", "js-rnn/tfjs", "Corrupt",
        "the shape of weight `bi/forward_inner/kernel` is too large",
        |dir| edit_weight(dir, |weight| weight["shape"] = json!([4_294_967_296_u64, 4_294_967_296_u64]));
    "unknown dtype", "js-rnn/tfjs", "Corrupt",
        "the entry of weight `bi/forward_inner/kernel` cannot be used: unknown dtype `float128`",
        |dir| edit_weight(dir, |weight| weight["dtype"] = json!("float128"));
    "quantisation without a scale", "k2-quant/tfjs-uint8", "Corrupt",
        "the uint8 quantisation of weight `bn/gamma` has no finite `min` and `scale`",
        |dir| edit_weight(dir, |weight| { weight["quantization"].as_object_mut().unwrap().remove("scale"); });
    "two weights of one name", "js-rnn/tfjs", "Corrupt",
        "there are two weights called `bi/forward_inner/kernel`",
        |dir| edit(dir, |model| {
            let weights = &mut model["weightsManifest"][0]["weights"];
            weights[1]["name"] = weights[0]["name"].clone();
        });
    "Git LFS pointer as weights", "js-rnn/tfjs", "Corrupt",
        "the weight file `weights.bin` has 130 bytes instead of 1276 | hint: `weights.bin` is a \
         Git LFS pointer",
        |dir| fs::write(dir.join("weights.bin"), LFS_POINTER).unwrap();
    "HTML page as weights", "js-rnn/tfjs", "Corrupt",
        "the weight file `weights.bin` has 34 bytes instead of 1276 | hint: `weights.bin` is an \
         HTML page",
        |dir| fs::write(dir.join("weights.bin"), "<!DOCTYPE html>\n<title>404</title>").unwrap();
    "Git LFS pointer as model file", "js-rnn/tfjs", "Corrupt",
        "the model file is not JSON but a Git LFS pointer | hint: `git lfs pull`",
        |dir| write_json(dir, LFS_POINTER);
};

const LFS_POINTER: &str = "\
version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
";

fn write_json(dir: &Path, text: &str) {
    fs::write(dir.join("model.json"), text).unwrap();
}

fn edit(dir: &Path, change: impl FnOnce(&mut Value)) {
    let mut model = serde_json::from_slice(&fs::read(dir.join("model.json")).unwrap()).unwrap();
    change(&mut model);
    write_json(dir, &model.to_string());
}

fn edit_weight(dir: &Path, change: impl FnOnce(&mut Value)) {
    edit(dir, |model| change(&mut model["weightsManifest"][0]["weights"][0]));
}

fn set_path(dir: &Path, path: &str) {
    edit(dir, |model| model["weightsManifest"][0]["paths"] = json!([path]));
}

fn resize(file: &Path, by: i64) {
    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length.checked_add_signed(by).unwrap()).unwrap();
}

/// In a model that modelport saved, since others have no checksums.
fn flip_bit(dir: &Path) {
    let saved = dir.with_file_name("saved");
    program::run([Path::new("cp"), dir, &saved]).success();
    fs::remove_dir_all(dir).unwrap();
    fs::rename(saved, dir).unwrap();
    let file = dir.join("weights.bin");
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 4;
    fs::write(file, bytes).unwrap();
}

fn link_out(dir: &Path) {
    fs::rename(dir.join("weights.bin"), dir.with_file_name("outside.bin")).unwrap();
    std::os::unix::fs::symlink("..", dir.join("d")).unwrap();
    set_path(dir, "d/outside.bin");
}
