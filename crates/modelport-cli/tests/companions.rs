//! Files beside a model: said by `cp` and `mv`, taken along by `--with-files`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::Place;

/// A model as Teachable Machine exports it, with another model in the same folder.
fn exported() -> Place {
    let place = Place::with_model("m");
    place.write("m/metadata.json", r#"{"labels":["a"]}"#);
    place.write("m/labels.txt", "a\n");
    place.write("m/.hidden", "");
    place.write("m/other.json", r#"{"weightsManifest":[{"paths":["o.bin"],"weights":[]}]}"#);
    place.write("m/o.bin", "");
    place
}

fn names(place: &Place, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place.path(directory)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn cp_and_mv_say_which_files_they_leave_behind() {
    let place = exported();
    let said = "warning: not part of the model and left behind: labels.txt, metadata.json; \
                `--with-files` takes them along\n";
    let ran = place.run("cp m copy");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
    assert_eq!(place.run("cp -q m copy").stderr, "");
    let ran = place.run("--json cp m copy").json();
    assert_eq!(ran["leftBehind"], serde_json::json!(["labels.txt", "metadata.json"]));
    // Within its own directory a model leaves nothing behind.
    let ran = place.run("cp m ./m/second.json");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let ran = place.run("mv m moved");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
    assert!(place.path("m/metadata.json").exists());
}

#[test]
fn with_files_takes_along_what_lies_beside() {
    let place = exported();
    let ran = place.run("cp --with-files m copy");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "copied 520 B of weights and 2 files beside them to file://copy\n", "")
    );
    let model = place.run("--json info copy").json();
    assert_eq!(names(&place, "copy").len(), 4, "{model}");
    assert_eq!(std::fs::read_to_string(place.path("copy/labels.txt")).unwrap(), "a\n");
    // The same files once more are no obstacle.
    assert_eq!(place.run("cp --with-files m copy").code, 0);

    let ran = place.run("--json mv --with-files m moved/x.json").json();
    assert_eq!(ran["files"], serde_json::json!(["labels.txt", "metadata.json"]));
    assert_eq!(names(&place, "m"), [".hidden", "o.bin", "other.json"]);
    assert!(place.path("moved/labels.txt").exists() && place.path("moved/x.json").exists());
    assert_eq!(place.run("verify moved/x.json").code, 0);

    // A model file may be called anything.
    place.write("odd/labels.txt", "b");
    std::fs::copy(place.path("copy/weights.bin"), place.path("odd/weights.bin")).unwrap();
    std::fs::copy(place.path("copy/model.json"), place.path("odd/upload")).unwrap();
    assert_eq!(place.run("mv --with-files odd/upload even").code, 0);
    assert_eq!(names(&place, "even"), ["labels.txt", "model.json", "weights.bin"]);
    assert!(names(&place, "odd").is_empty());

    // A folder with nothing else in it goes too.
    let ran = place.run("mv --with-files copy last");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!place.path("copy").exists());
}

#[test]
fn with_files_replaces_no_other_file_and_then_writes_nothing() {
    let place = exported();
    place.write("there/labels.txt", "mine");
    for command in ["cp", "mv"] {
        let ran = place.run(&format!("{command} --with-files m there"));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("there/labels.txt: there already is another"), "{ran:?}");
        assert_eq!(names(&place, "there"), ["labels.txt"]);
    }
    let ran = place.run("cp --with-files m memory://m");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("`memory://` takes models, not single files"), "{ran:?}");
    assert!(ran.stderr.contains("labels.txt, metadata.json"), "{ran:?}");
    assert_eq!(place.run("verify m").code, 0);
    // A model without such files goes anywhere.
    let plain = Place::with_model("m");
    assert_eq!(plain.run("cp --with-files m memory://m").code, 0);
    assert_eq!(plain.run("cp --with-files nothing x").code, 1);
}

#[cfg(unix)]
#[test]
fn a_link_beside_a_model_is_not_followed() {
    let place = Place::with_model("m");
    place.write("secret", "SECRET");
    std::os::unix::fs::symlink("../secret", place.path("m/labels.txt")).unwrap();
    assert_eq!(place.run("cp --with-files m copy").code, 0);
    assert!(!place.path("copy/labels.txt").exists());
}
