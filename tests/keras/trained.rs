//! Models that TensorFlow.js has just trained, in real Keras.

use std::{fs, path::PathBuf};

use modelport_tests::{keras_files::convert, program::finish, reference};

use super::{real, structure, subjects::Subject};

#[test]
fn behaviour_10_and_24_models_trained_in_tensorflow_js() {
    let root = tempfile::tempdir().unwrap();
    let script = real::script("train.js");
    let ran = finish(reference::node_command().arg(script).arg(root.path()));
    let names: Vec<String> = ran.success().lines().map(str::to_owned).collect();
    assert_eq!(names, ["dense", "images", "states", "tokens"]);
    let mut batch: Vec<(Subject, PathBuf)> = Vec::new();
    for name in &names {
        let source = root.path().join(name);
        for (suffix, options, generation) in
            [("2.h5", &[][..], 2), ("3.h5", &["--keras", "3"], 3), ("keras", &[], 3)]
        {
            let file = root.path().join(format!("{name}.{suffix}"));
            convert(options, &source, &file).success();
            structure::assert_read(&file);
            let subject = Subject {
                name: format!("{name} as {suffix}"),
                source: source.clone(),
                file,
                generation,
                topology: None,
                expected_file: source.join("expected.json"),
                artifact: "model".to_owned(),
            };
            let save = root.path().join(format!("{name}.{suffix}.saved.keras"));
            batch.push((subject, save));
        }
    }
    for (answer, (subject, save)) in real::check(&batch).iter().zip(&batch) {
        assert_eq!(answer, "ok", "{}", subject.name);
        assert!(fs::metadata(save).unwrap().len() > 0);
    }
}
