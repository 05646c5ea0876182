//! `modelport gc` on real directories.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use std::fs;

use place::Place;

/// What a saver leaves who is killed while it writes weights, beside a model and where none was.
fn with_leftovers() -> Place {
    let place = Place::with_model("models/m");
    place.write("models/m/.modelport-1-2-0/weights.bin", "half of it");
    place.write("models/never/.modelport-1-2-1/weights.bin", "0123");
    // Whose names are not ours.
    place.write("models/m/notes.txt", "mine");
    place.write("models/other/.modelportrait/weights.bin", "mine");
    place
}

#[test]
fn leftovers_are_told_of_and_removed_on_request_alone() {
    let place = with_leftovers();
    let age = "--older-than 0s";
    let young = place.run("gc models");
    assert_eq!(
        (young.code, young.stdout.as_str()),
        (
            0,
            "found 0 pieces of garbage older than 1day, 0 B; nothing was removed, `--delete` does it\n"
        )
    );
    let deleted = place.run("gc --delete models");
    assert_eq!(deleted.stdout, "removed 0 pieces of garbage older than 1day, 0 B\n");

    let dry = place.run(&format!("gc {age} models"));
    let lines: Vec<&str> = dry.stdout.lines().collect();
    assert_eq!((dry.code, dry.stderr.as_str(), lines.len()), (0, "", 3), "{dry:?}");
    assert!(lines[0].trim_start().starts_with("10 B  20"), "{dry:?}");
    assert!(lines[0].ends_with("  file://models/m/.modelport-1-2-0"), "{dry:?}");
    assert!(lines[1].ends_with("  file://models/never/.modelport-1-2-1"), "{dry:?}");
    assert_eq!(
        lines[2],
        "found 2 pieces of garbage, 14 B; nothing was removed, `--delete` does it"
    );
    assert!(place.path("models/m/.modelport-1-2-0/weights.bin").exists());

    let gone = place.run(&format!("gc {age} --delete models"));
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(gone.stdout.ends_with("removed 2 pieces of garbage, 14 B\n"), "{gone:?}");
    assert!(!place.path("models/m/.modelport-1-2-0").exists());
    assert!(!place.path("models/never").exists(), "a directory made for a model that never came");
    assert_eq!(place.run("verify models/m").code, 0);
    assert!(place.path("models/m/notes.txt").exists());
    assert!(place.path("models/other/.modelportrait/weights.bin").exists());
    assert!(place.run(&format!("gc {age} models")).stdout.starts_with("found 0 pieces"));
}

#[test]
fn json_has_an_object_for_each_piece() {
    let place = with_leftovers();
    for (flag, removed) in [("", false), ("--delete", true)] {
        let ran = place.run(&format!("gc --json --older-than 0s {flag} models/never"));
        let found = ran.json();
        assert_eq!(found["url"], "file://models/never/.modelport-1-2-1");
        assert_eq!((&found["bytes"], &found["removed"]), (&4.into(), &removed.into()));
        assert!(found["written"].as_str().unwrap().ends_with('Z'), "{ran:?}");
    }
    let none = place.run("gc --json models");
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
}

/// A crash between the commit and the names: the model is there, its weights are not garbage.
#[test]
fn a_committed_model_gets_its_names_and_loses_nothing() {
    let place = Place::with_model("m");
    let weights = fs::read_dir(place.path("m")).unwrap().map(|file| file.unwrap().file_name());
    let weights: Vec<String> = weights
        .map(|name| name.into_string().unwrap())
        .filter(|name| name.ends_with(".bin"))
        .collect();
    let staging = place.path("m/.modelport-1-2-0");
    fs::create_dir(&staging).unwrap();
    let json = fs::read_to_string(place.path("m/model.json")).unwrap();
    let mut committed = json.clone();
    for name in &weights {
        fs::rename(place.path("m").join(name), staging.join(name)).unwrap();
        committed = committed.replace(name, &format!(".modelport-1-2-0/{name}"));
    }
    fs::write(staging.join("model.json"), &json).unwrap();
    fs::write(place.path("m/model.json"), committed).unwrap();
    assert_eq!(place.run("verify m").code, 0);

    let dry = place.run("gc --older-than 0s m");
    assert!(dry.stdout.starts_with("found 0 pieces"), "{dry:?}");
    assert!(staging.exists());
    let swept = place.run("gc --delete --older-than 0s m");
    assert_eq!(swept.stdout, "removed 0 pieces of garbage, 0 B\n");
    assert!(!staging.exists());
    assert_eq!(place.run("verify m").code, 0);
    assert_eq!(fs::read_to_string(place.path("m/model.json")).unwrap(), json);
}

/// What a save works on is locked by it, whatever its age.
#[test]
fn a_save_in_progress_is_left_alone() {
    let place = with_leftovers();
    let staging = fs::File::open(place.path("models/m/.modelport-1-2-0")).unwrap();
    staging.lock().unwrap();
    let ran = place.run("gc --delete --older-than 0s models/m");
    assert_eq!(ran.stdout, "removed 0 pieces of garbage, 0 B\n");
    drop(staging);
    let ran = place.run("gc --delete --older-than 0s models/m");
    assert!(ran.stdout.ends_with("removed 1 piece of garbage, 10 B\n"), "{ran:?}");
}

#[test]
fn places_without_garbage_of_ours_say_so() {
    let place = Place::new();
    for (url, error) in [
        ("memory://m", "error: cannot open memory://m: `memory://` has no garbage"),
        (
            "http://127.0.0.1:1/m",
            "error: cannot open http://127.0.0.1:1/m: `http://` has no garbage",
        ),
        ("flie://m", "error: no handler for `flie://`"),
        ("nothing", "error: cannot remove file://nothing: "),
    ] {
        let ran = place.run(&format!("gc {url}"));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.starts_with(error), "{ran:?}");
    }
    assert_eq!(place.run("gc --older-than soon m").code, 2);
}
