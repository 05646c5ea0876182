//! What the files of Keras become in real TensorFlow.js.

use std::path::PathBuf;

use modelport_tests::{
    keras_files::{KerasFile, convert},
    reference::{self, Subject},
};

/// Asserts that every one of `files` becomes a model that predicts in TensorFlow.js what it
/// predicts in Keras.
pub(super) fn assert_predict(files: &[KerasFile], options: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    let dirs: Vec<PathBuf> =
        files.iter().map(|file| root.path().join(file.name.replace(['/', '.'], "-"))).collect();
    for (file, dir) in files.iter().zip(&dirs) {
        convert(options, &file.path, dir).success();
    }
    let predicted = predictions(files, &dirs);
    for (file, predicted) in files.iter().zip(predicted) {
        assert_eq!(predicted, "ok", "{}", file.name);
    }
}

/// What TensorFlow.js says of the models in `dirs`, with the inputs and outputs of `files`.
pub(super) fn predictions(files: &[KerasFile], dirs: &[PathBuf]) -> Vec<String> {
    let subjects: Vec<Subject<'_>> = files
        .iter()
        .zip(dirs)
        .map(|(file, dir)| Subject {
            dir: dir.clone(),
            fixture: Some((&file.expected_file, &file.artifact)),
        })
        .collect();
    let lines = reference::tfjs_check(&subjects);
    lines.iter().map(|line| line["predict"].as_str().unwrap_or("nothing").to_owned()).collect()
}
