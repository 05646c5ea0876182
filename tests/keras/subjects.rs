//! Every model of the fixtures as every file of Keras that we write of it.

use std::path::{Path, PathBuf};

use modelport_tests::{fixtures, keras_files, keras_files::convert};
use serde_json::Value;

/// A file that we wrote, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// `js-nested/tfjs as h5`.
    pub(super) name: String,
    /// What it was made from.
    pub(super) source: PathBuf,
    pub(super) file: PathBuf,
    /// Which Keras it is for.
    pub(super) generation: u8,
    /// The file whose model takes the weights of this one, which has nothing else.
    pub(super) topology: Option<PathBuf>,
    /// The fixture that says what the model predicts.
    pub(super) expected_file: PathBuf,
    pub(super) artifact: String,
}

/// A form that is written: its suffix, the options, and the Keras that loads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) suffix: &'static str,
    pub(super) options: &'static [&'static str],
    pub(super) generation: u8,
}

/// What is converted: its name, its place, the fixture that describes it and its key in there.
#[derive(Clone, Debug)]
pub(super) struct Model {
    name: String,
    pub(super) path: PathBuf,
    expected_file: PathBuf,
    artifact: String,
}

/// Every layers model of the fixtures, in whatever format.
pub(super) fn models() -> Vec<Model> {
    let has_topology = |kind: &Value| {
        matches!(kind.as_str(), Some("layers-model" | "keras-h5-whole-model" | "keras-v3-zip"))
    };
    let folders = fixtures::all().into_iter().filter(|fixture| {
        has_topology(&fixture.expected["kind"]) && !fixture.name.starts_with("k2-weights-only")
    });
    let folders = folders.map(|fixture| Model {
        name: fixture.name,
        path: fixture.dir,
        expected_file: fixture.expected_file,
        artifact: fixture.artifact,
    });
    let files = keras_files::all().into_iter().filter(|file| has_topology(&file.expected["kind"]));
    let files = files.map(|file| Model {
        name: file.name,
        path: file.path,
        expected_file: file.expected_file,
        artifact: file.artifact,
    });
    let models: Vec<Model> = folders.chain(files).collect();
    assert_eq!(models.len(), 103, "there are other fixtures than there were");
    models
}

/// Writes `model` in `form` into `dir`; whether it took `--force` is `forced`.
pub(super) fn write(model: &Model, form: Form, dir: &Path, forced: bool) -> Subject {
    let file = dir.join(format!("{}.{}", model.name.replace(['/', '.'], "-"), form.suffix));
    let force = if forced { &["--force"][..] } else { &[] };
    convert(&[form.options, force].concat(), &model.path, &file).success();
    Subject {
        name: format!("{} as {}", model.name, form.suffix),
        source: model.path.clone(),
        file,
        generation: form.generation,
        topology: None,
        expected_file: model.expected_file.clone(),
        artifact: model.artifact.clone(),
    }
}

impl Model {
    /// Whether its name begins with one of `names`.
    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.starts_with(name))
    }
}
