//! Every file that we write is loaded, predicts, and comes back as it was.

use std::path::{Path, PathBuf};

use modelport_tests::keras_files::{convert, digests, sums};

use super::{
    real, structure,
    subjects::{self, Form, Model, Subject},
};

const H5: Form = Form { suffix: "h5", options: &[], generation: 2 };
const H5_OF_3: Form = Form { suffix: "h5", options: &["--keras", "3"], generation: 3 };
const KERAS: Form = Form { suffix: "keras", options: &[], generation: 3 };

/// Models with a `hard_sigmoid` that is not that of Keras 3.
const OLD_SLOPE: &[&str] = &["js-names/", "js-rnn/", "k2-functional-multi-io/", "k2-rnn/"];
/// And with the one of Keras 3.
const NEW_SLOPE: &[&str] = &["k3-hard-sigmoid/"];

/// What becomes of a model in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It predicts the same.
    Same,
    /// Another slope of `hard_sigmoid`: the conversion is refused unless forced, and then the
    /// prediction is another one, as the refusal said.
    OtherSlope,
    /// Its weights were rounded when the fixture was made, and predict something of their own.
    Rounded,
}

fn fate(model: &Model, form: Form) -> Fate {
    let is = |names: &[&str]| model.is_one_of(names);
    let slope = if form.generation == 2 { NEW_SLOPE } else { OLD_SLOPE };
    if is(slope) {
        Fate::OtherSlope
    } else if is(&["h5-variants/float16"]) {
        Fate::Rounded
    } else {
        Fate::Same
    }
}

#[test]
fn behaviour_10_keras_2_loads_every_h5() {
    assert_all(H5, [100, 2, 1]);
}

#[test]
fn behaviour_24_keras_3_loads_every_keras() {
    assert_all(KERAS, [91, 11, 1]);
}

#[test]
fn behaviour_12_keras_3_loads_every_h5() {
    assert_all(H5_OF_3, [91, 11, 1]);
}

/// Weights alone, of a model that Keras has by another file.
#[test]
fn behaviour_25_both_load_weights_alone() {
    let root = tempfile::tempdir().unwrap();
    let alone = [
        (H5, Form { suffix: "alone.h5", options: &["--to", "h5-weights"], generation: 2 }),
        (KERAS, Form { suffix: "weights.h5", options: &[], generation: 3 }),
    ];
    let names = ["js-nested/tfjs", "k2-cnn-bn/model.h5", "k3-nested-shared/model.keras"];
    let mut batch = Vec::new();
    for model in subjects::models().iter().filter(|model| model.is_one_of(&names)) {
        for (whole, alone) in alone {
            let whole = subjects::write(model, whole, root.path(), false);
            let mut subject = subjects::write(model, alone, root.path(), false);
            subject.topology = Some(whole.file);
            let save = subject.file.with_extension("saved.keras");
            batch.push((subject, save));
        }
    }
    assert_eq!(batch.len(), 6);
    for (answer, (subject, _)) in real::check(&batch).iter().zip(&batch) {
        assert_eq!(answer, "ok", "{}", subject.name);
        structure::assert_read(&subject.file);
    }
}

/// Writes every model of the fixtures in `form`, lets Keras load, predict and save it, and reads
/// what Keras saved: the same weights to the bit. `counts` is how many have each fate.
fn assert_all(form: Form, counts: [usize; 3]) {
    let root = tempfile::tempdir().unwrap();
    let mut batch = Vec::new();
    let mut fates = Vec::new();
    for model in subjects::models() {
        let fate = fate(&model, form);
        let refused = fate == Fate::OtherSlope;
        if refused {
            let file = root.path().join("refused").with_extension(form.suffix);
            let refused = convert(&[form.options, &["--json"]].concat(), &model.path, &file);
            let refused = refused.error();
            assert_eq!(refused["kind"], "Unsupported", "{refused}");
            assert!(refused["error"].as_str().unwrap().contains("hard_sigmoid"), "{refused}");
        }
        let subject = subjects::write(&model, form, root.path(), refused);
        let save = subject.file.with_extension(format!("saved.{}", form.suffix));
        batch.push((subject, save));
        fates.push(fate);
    }
    for ((said, (subject, save)), fate) in real::check(&batch).iter().zip(&batch).zip(&fates) {
        match fate {
            Fate::Same => assert_eq!(said, "ok", "{}", subject.name),
            Fate::OtherSlope => {
                assert!(said.contains("differs by 0.0"), "{}: {said}", subject.name)
            }
            Fate::Rounded => assert!(said.contains("differs by 2.09"), "{}: {said}", subject.name),
        }
        structure::assert_read(&subject.file);
        assert_comes_back(subject, save, root.path());
    }
    let count = |fate| fates.iter().filter(|own| **own == fate).count();
    assert_eq!([Fate::Same, Fate::OtherSlope, Fate::Rounded].map(count), counts);
}

fn assert_comes_back(subject: &Subject, saved: &Path, root: &Path) {
    let read = |from: &PathBuf, name: &str| {
        let dir = root.join(name);
        convert(&["--force", "--allow-unsupported", "--dequantize"], from, &dir).success();
        sums(&digests(&dir))
    };
    assert_eq!(read(&saved.to_owned(), "back"), read(&subject.source, "ours"), "{}", subject.name);
}
