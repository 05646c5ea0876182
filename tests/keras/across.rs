//! Between versions of Keras: what one accepts and another one does not.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use modelport_tests::{
    keras_files::convert,
    program::finish,
    reference::{python_of, tools},
};

use super::{
    real::{self, script},
    subjects::Subject,
};

/// The table in the converter is what the installed versions of Keras accept.
#[test]
fn table_of_accepted_keys_is_that_of_keras() {
    let made = finish(Command::new(python_of("keras")).arg(script("keys.py")).arg(newest()));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/modelport-convert/src/topology/keys.tsv");
    let kept = fs::read_to_string(kept).unwrap();
    for (made, kept) in made.stdout.lines().zip(kept.lines()) {
        assert_eq!(made, kept, "tests/keras/keys.py tells how to write the table again");
    }
    assert_eq!(made.stdout.lines().count(), kept.lines().count());
}

/// Models of every class whose keys differ, in each direction, in the oldest and the newest Keras 3.
#[test]
fn models_load_in_the_other_keras() {
    let root = tempfile::tempdir().unwrap();
    let [of_2, of_3] = ["2", "3"].map(|generation| make(root.path(), generation));
    let mut oldest = Vec::new();
    let mut newest = Vec::new();
    for (files, suffix, target) in
        [(&of_2, "keras", "keras"), (&of_3, "keras", "keras"), (&of_3, "h5", "h5")]
    {
        for file in files {
            let from = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
            let name = file.file_stem().unwrap().to_str().unwrap();
            let written = root.path().join(format!("{name}-{from}.{suffix}"));
            convert(&[], file, &written).success();
            let subject = Subject {
                name: format!("{name} of Keras {from} as {target}"),
                source: file.clone(),
                file: written,
                generation: if target == "h5" { 2 } else { 3 },
                topology: None,
                expected_file: file.with_extension("json"),
                artifact: String::new(),
            };
            if target == "keras" && from == "2" {
                newest.push(subject.clone());
            }
            oldest.push(subject);
        }
    }
    assert_eq!((oldest.len(), newest.len()), (90, 30));
    assert_all_load(&oldest, &real::predictions(&oldest, None));
    assert_all_load(&newest, &real::predictions(&newest, Some(&self::newest())));
}

/// Models that TensorFlow.js saved with keys of its own, or without what it needs itself.
#[test]
fn models_of_tensorflow_js_load_in_both_keras() {
    let root = tempfile::tempdir().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("keras").join("js");
    let mut subjects = Vec::new();
    for model in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = model.file_name().unwrap().to_str().unwrap();
        for (options, suffix, generation) in
            [(&[][..], "h5", 2), (&[], "keras", 3), (&["--keras", "3"], "of-3.h5", 3)]
        {
            let file = root.path().join(format!("{name}.{suffix}"));
            convert(options, &model, &file).success();
            subjects.push(Subject {
                name: format!("{name} as {suffix}"),
                source: model.clone(),
                file,
                generation,
                topology: None,
                expected_file: model.join("expected.json"),
                artifact: String::new(),
            });
        }
    }
    assert_eq!(subjects.len(), 18);
    assert_all_load(&subjects, &real::predictions(&subjects, None));
}

fn assert_all_load(subjects: &[Subject], answers: &[String]) {
    let failed: Vec<String> = subjects
        .iter()
        .zip(answers)
        .filter(|(_, answer)| *answer != "ok")
        .map(|(subject, answer)| format!("{}: {answer}", subject.name))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The files that Keras 2 or the newest Keras 3 makes below `root`.
fn make(root: &Path, generation: &str) -> Vec<PathBuf> {
    let folder = root.join(generation);
    fs::create_dir(&folder).unwrap();
    let mut command = Command::new(python_of("keras"));
    if generation == "3" {
        command.env("PYTHONPATH", newest());
    }
    let made = finish(command.arg(script("across.py")).arg(generation).arg(&folder));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|suffix| suffix != "json")).collect();
    files.sort();
    files
}

/// The folder of the newest Keras.
fn newest() -> PathBuf {
    let folder = tools().join("keras-next");
    assert!(folder.is_dir(), "{} is missing; run `cargo xtask setup`", folder.display());
    folder
}
