//! Models with frozen parts, whose weights Keras has in another order than that of the layers.

use std::{path::PathBuf, process::Command};

use modelport_tests::{keras_files::convert, program::finish, reference};
use serde_json::Value;

use super::{real, subjects::Subject};

#[test]
fn behaviour_11_frozen_models_predict_the_same_in_both() {
    let root = tempfile::tempdir().unwrap();
    let mut command = Command::new(reference::python_of("keras"));
    let saved = finish(command.arg(real::script("frozen.py")).arg(root.path()));
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let lines = saved.stdout.lines();
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 36);
    let mut batch: Vec<(Subject, PathBuf)> = Vec::new();
    for line in &lines {
        let [name, source, expected] =
            ["name", "file", "expected"].map(|key| line[key].as_str().unwrap());
        let tfjs = root.path().join(format!("{name} tfjs"));
        convert(&[], source.as_ref(), &tfjs).success();
        for (suffix, options, generation) in
            [("2.h5", &[][..], 2), ("3.h5", &["--keras", "3"], 3), ("keras", &[], 3)]
        {
            let file = root.path().join(format!("{name}.{suffix}"));
            convert(options, &tfjs, &file).success();
            let save = file.with_extension("saved.keras");
            let subject = Subject {
                name: format!("{name} as {suffix}"),
                source: tfjs.clone(),
                file,
                generation,
                topology: None,
                expected_file: PathBuf::from(expected),
                artifact: "model".to_owned(),
            };
            batch.push((subject, save));
        }
    }
    for (answer, (subject, _)) in real::check(&batch).iter().zip(&batch) {
        assert_eq!(answer, "ok", "{}", subject.name);
    }
}
