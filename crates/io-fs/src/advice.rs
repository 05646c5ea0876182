//! What to do next where a path is not a model: models beside it, and files of other formats.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use blocking::unblock;
use io_core::{ModelUrl, printable_name};
use io_manifest::{ModelJson, describe_foreign, foreign_hint};
use percent_encoding::percent_decode_str;

use crate::{
    error::shown,
    location::{self, MODEL_JSON},
};

/// How many names of a directory are looked at.
const MOST_NAMES: usize = 1000;
/// How many files of a directory are opened, and how large a JSON file may be for that.
const MOST_FILES: usize = 32;
const MOST_JSON_BYTES: u64 = 8 << 20;
/// How much of a file is read to recognize its format.
const HEAD_BYTES: u64 = 4096;

/// Looks at the path of a URL that has no model that can be read, and says what the user can do: name
/// a model that is beside it, or convert a file of another format. `None` when nothing is found; reads
/// little, and nothing that is below other folders.
pub async fn advice(url: &ModelUrl) -> Option<String> {
    let path = PathBuf::from(url.rest());
    unblock(move || advise(&path)).await
}

fn advise(path: &Path) -> Option<String> {
    if path.is_dir() {
        let json = path.join(MODEL_JSON);
        return if json.exists() { renamed_weights(&json) } else { in_directory(path) };
    }
    if path.is_file() {
        return of_file(path);
    }
    if path.file_name().is_some_and(|name| name == MODEL_JSON) {
        let directory = location::parent(path);
        if directory.is_dir() {
            return in_directory(&directory);
        }
    }
    decoded(path)
}

/// A path in which a URL's escapes stand is told from one that has them in its name.
fn decoded(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let plain = percent_decode_str(text).decode_utf8().ok()?;
    let exists = plain != text && !plain.contains('\0') && Path::new(&*plain).exists();
    exists.then(|| {
        format!(
            "`file://` paths are taken literally, without percent-decoding; `{}` exists",
            shown(Path::new(&*plain))
        )
    })
}

/// A file that is no model file.
fn of_file(path: &Path) -> Option<String> {
    let head = head(path).unwrap_or_default();
    if let Some(what) = describe_foreign(&head).filter(|what| !what.contains("JSON")) {
        let hint = foreign_hint(&head)?;
        return Some(format!("this is {what}; {hint}"));
    }
    if describe_foreign(&head).is_some() {
        return renamed_weights(path);
    }
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let (_, what) = NAMES.iter().find(|(suffix, _)| name.ends_with(suffix))?;
    Some(format!("a file of this name is usually {what}, which modelport does not read"))
}

/// A weight file that a browser has given a number, as in `weights (1).bin`.
fn renamed_weights(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > MOST_JSON_BYTES {
        return None;
    }
    let model = ModelJson::parse(&fs::read(path).ok()?).ok()?;
    let directory = location::parent(path);
    let names: Vec<String> = fs::read_dir(&directory)
        .ok()?
        .flatten()
        .take(MOST_NAMES)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let missing = model.files().into_iter().find(|file| !directory.join(&file.path).exists())?;
    let wanted = missing.path.trim_start_matches("./");
    let renamed = names.iter().find(|name| without_number(name).as_deref() == Some(wanted))?;
    Some(format!(
        "`{}` may be it: browsers add a number to the name of a download; rename it",
        printable_name(renamed)
    ))
}

/// `weights.bin` of `weights (1).bin` and `weights(1).bin`.
fn without_number(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, number) = stem.strip_suffix(')')?.rsplit_once('(')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{}.{extension}", stem.trim_end()))
}

/// What files are by their names alone, where their bytes do not tell.
const NAMES: &[(&str, &str)] = &[
    ("tensorflowjs_model.pb", "the graph of a web model of TensorFlow.js 0.x"),
    (".ckpt", "a checkpoint"),
    (".data-00000-of-00001", "a part of a TensorFlow checkpoint"),
    (".gguf", "a GGUF model"),
    (".index", "the index of a TensorFlow checkpoint"),
    (".onnx", "an ONNX model"),
    (".pb", "a TensorFlow graph"),
    (".pkl", "a Python pickle"),
    (".pt", "a PyTorch file"),
    (".pth", "a PyTorch file"),
    (".tflite", "a TensorFlow Lite model"),
];

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}

/// A directory that has no `model.json`.
fn in_directory(directory: &Path) -> Option<String> {
    let entries = fs::read_dir(directory).ok()?.flatten().take(MOST_NAMES);
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let has = |name: &str| names.iter().any(|found| found == name);
    if has("saved_model.pb") || has("saved_model.pbtxt") {
        return Some(
            "this is a TensorFlow SavedModel, which modelport does not read; save the model as \
             .keras or .h5 and convert that, or use tensorflowjs_converter"
                .to_owned(),
        );
    }
    let graph = names.iter().find(|name| name.ends_with("_model.pb") || name.ends_with("js.pb"));
    let manifest = names.iter().find(|name| name.ends_with("weights_manifest.json"));
    if let (Some(graph), Some(manifest)) = (graph, manifest) {
        return Some(format!(
            "`{}` with `{}` is a web model of TensorFlow.js 0.x, whose graph is not JSON; convert \
             it with pb2json_converter of TensorFlow.js, or load its weights alone from `{}`",
            printable_name(graph),
            printable_name(manifest),
            shown(&directory.join(manifest))
        ));
    }
    let models = models(directory, &names);
    if !models.is_empty() {
        return Some(did_you_mean(directory, &models));
    }
    let other = names.iter().take(MOST_FILES * 4).find_map(|name| {
        let path = directory.join(name);
        let hint = path.is_file().then(|| of_file(&path)).flatten()?;
        Some(format!("`{}`: {hint}", printable_name(name)))
    });
    if other.is_some() {
        return other;
    }
    let folders = names.iter().filter(|name| directory.join(name).join(MODEL_JSON).is_file());
    let folders: Vec<&String> = folders.take(MOST_FILES).collect();
    (!folders.is_empty()).then(|| did_you_mean(directory, &folders))
}

/// The JSON files that are models.
fn models<'a>(directory: &Path, names: &'a [String]) -> Vec<&'a String> {
    let is_json = |name: &&String| name.to_ascii_lowercase().ends_with(".json");
    let is_model = |name: &&String| {
        let path = directory.join(name);
        let is_small =
            fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_JSON_BYTES);
        is_small && fs::read(&path).is_ok_and(|text| ModelJson::parse(&text).is_ok())
    };
    names.iter().filter(is_json).take(MOST_FILES).filter(is_model).collect()
}

/// How many candidates are named.
const MOST_NAMED: usize = 4;

fn did_you_mean(directory: &Path, names: &[&String]) -> String {
    let paths = names.iter().take(MOST_NAMED);
    let paths: Vec<String> =
        paths.map(|name| format!("`{}`", shown(&directory.join(name)))).collect();
    let more = match names.len() - paths.len() {
        0 => String::new(),
        more => format!(" or one of {more} more"),
    };
    format!("did you mean {}{more}?", paths.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::advise;
    use std::{fs, path::Path};

    const MODEL: &str = r#"{"modelTopology":{}}"#;

    fn advice(files: &[(&str, &str)], path: &str) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = advise(&root.path().join(path))?;
        Some(found.replace(root.path().to_str().unwrap(), "ROOT"))
    }

    #[test]
    fn models_beside_are_named() {
        for (files, path, expected) in [
            (&[("my-net.json", MODEL)][..], "", "did you mean `ROOT/my-net.json`?"),
            (&[("Model.json", MODEL)], "", "did you mean `ROOT/Model.json`?"),
            (&[("Model.json", MODEL)], "model.json", "did you mean `ROOT/Model.json`?"),
            (
                &[("a.json", MODEL), ("b.json", MODEL), ("package.json", "{}")],
                "",
                "did you mean `ROOT/a.json` or `ROOT/b.json`?",
            ),
            (
                &[("model/model.json", MODEL), ("package.json", "{}")],
                "",
                "did you mean `ROOT/model`?",
            ),
            (
                &[("tiny-weights_manifest.json", r#"[{"paths":["w"],"weights":[]}]"#)],
                "",
                "did you mean `ROOT/tiny-weights_manifest.json`?",
            ),
            (&[("a b/model.json", MODEL)], "a%20b", "`ROOT/a b` exists"),
            (
                &[
                    ("m.json", r#"{"weightsManifest":[{"paths":["./w.bin"],"weights":[]}]}"#),
                    ("w (1).bin", ""),
                ],
                "m.json",
                "`w (1).bin` may be it: browsers add a number to the name of a download; rename it",
            ),
        ] {
            let found = advice(files, path).unwrap();
            let found = found.replace("ROOT//", "ROOT/");
            assert!(found.ends_with(expected), "{found}");
        }
        let many: Vec<_> = (0..6).map(|number| format!("{number}.json")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), MODEL)).collect();
        assert!(advice(&many, "").unwrap().ends_with(" or one of 2 more?"));
    }

    #[test]
    fn other_formats_are_named_with_the_next_step() {
        for (files, path, expected) in [
            (&[("saved_model.pb", "x")][..], "", "a TensorFlow SavedModel"),
            (
                &[("tensorflowjs_model.pb", "x"), ("weights_manifest.json", "[]")],
                "",
                "a web model of TensorFlow.js 0.x",
            ),
            (&[("m.onnx", "x")], "", "`m.onnx`: a file of this name is usually an ONNX model"),
            (&[("m", "\u{1c}\0\0\0TFL3")], "", "`m`: this is a TensorFlow Lite model; "),
            (&[("variables.index", "x")], "variables.index", "index of a TensorFlow checkpoint"),
            (&[("m.gguf", "GGUF\u{3}")], "m.gguf", "this is a GGUF file; "),
        ] {
            let found = advice(files, path).unwrap_or_default();
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn nothing_is_advised_where_there_is_a_model_or_nothing() {
        let model = [("model.json", MODEL), ("other.json", MODEL)];
        assert_eq!(advice(&model, ""), None);
        assert_eq!(advice(&model, "model.json"), None);
        assert_eq!(advice(&[("notes.txt", "x")], ""), None);
        assert_eq!(advise(Path::new("/does/not/exist%20")), None);
        assert_eq!(advise(Path::new("/does/not/exist%00")), None);
    }
}
