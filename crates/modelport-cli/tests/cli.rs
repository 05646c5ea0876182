//! The built program, on real directories.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::{Place, fixture};
use serde_json::{Value, json};

#[test]
fn commands_say_what_they_did() {
    let place = Place::with_model("m");
    for (command, code, stdout, stderr) in [
        ("cp m copy", 0, "copied 520 B of weights to file://copy\n", ""),
        ("cp -q m quiet", 0, "", ""),
        ("cp m/model.json other/model.json", 0, "copied 520 B of weights to file://other\n", ""),
        ("mv copy moved", 0, "moved 520 B of weights to file://moved\n", ""),
        ("verify moved", 0, "file://moved is sound: 8 weights, 520 B\n", ""),
        ("rm moved", 0, "removed file://moved\n", ""),
        ("-q rm quiet", 0, "", ""),
        ("rm moved", 1, "", "error: cannot remove file://moved: "),
        ("cp m m", 1, "", "error: cannot copy file://m: source and destination are the same\n"),
        ("mv m m/", 1, "", "error: cannot move file://m: source and destination are the same\n"),
        (
            "mv m ./m",
            1,
            "",
            "error: cannot move file://m: it changed while it was moved, or is the ",
        ),
        ("cp m file://m/model.json", 1, "", "error: cannot copy file://m: source and "),
        ("cp -n m other", 1, "", "error: cannot save file://other: "),
        ("mv --no-clobber m other", 1, "", "error: cannot save file://other: "),
        ("info nothing", 1, "", "error: cannot load file://nothing: "),
        ("info flie://m", 1, "", "error: no handler for `flie://`: known are "),
        ("info 1a://m", 1, "", "error: what stands before `://` is not a scheme\nhint: "),
        (
            "mv m memory://m --shard-bytes 1 --to-option a=b",
            1,
            "",
            "error: cannot open memory://m: ",
        ),
        ("verify m", 0, "file://m is sound: 8 weights, 520 B\n", ""),
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, code, "{command}: {ran:?}");
        assert_eq!(ran.stdout, stdout, "{command}");
        assert!(ran.stderr.starts_with(stderr), "{command}: {ran:?}");
        assert_eq!(ran.stderr.is_empty(), stderr.is_empty(), "{command}: {ran:?}");
    }
}

/// Other spellings of one directory that only the file system can tell.
#[cfg(unix)]
#[test]
fn a_move_onto_another_name_of_the_source_loses_nothing() {
    let place = Place::with_model("m");
    std::os::unix::fs::symlink("m", place.path("link")).unwrap();
    let absolute = place.path("m");
    for (from, to) in
        [("m", "./m"), ("m", "link"), ("link", "m"), ("m", absolute.to_str().unwrap())]
    {
        let ran = place.run_args(&["mv", from, to]);
        assert_eq!(ran.code, 1, "{from} {to}: {ran:?}");
        assert!(ran.stderr.ends_with("the source is untouched\n"), "{ran:?}");
        assert_eq!(place.run("verify m").code, 0, "{from} {to}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let place = Place::with_model("m");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = place.command().args(["info", "m"]).stdout(full).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.starts_with(b"error: cannot write the output: "));
}

#[test]
fn wrong_usage_is_status_2() {
    let place = Place::with_model("m");
    for command in [
        "",
        "frob",
        "cp m",
        "cp m a b",
        "info",
        "cp m a --shard-bytes 0",
        "info m --option novalue",
        "completions klingon",
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        assert!(ran.stdout.is_empty() && ran.stderr.contains("--help"), "{command}: {ran:?}");
    }
    assert!(!place.path("a").exists());
}

#[test]
fn hints_help() {
    let place = Place::with_model("m");
    for (command, hint) in [
        ("info fil://m", "did you mean `file://`?"),
        ("info zzzzzz://m", "`modelport schemes` lists what this program can do"),
        ("info m --option fsyn=true", "did you mean `fsync`?"),
        ("info m --option zzzzzzzz=1", "known options: "),
        ("mv m fil://m", "did you mean `file://`?; the source is untouched"),
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, 1, "{command}: {ran:?}");
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.starts_with("hint: ") && last.contains(hint), "{command}: {ran:?}");
    }
}

#[test]
fn info_has_exactly_these_keys() {
    let place = Place::with_model("m");
    let ran = place.run("info --json --digest m");
    let head = r#"{"url":"file://m","format":"layers-model","generatedBy":"keras v2.19.0","convertedBy":"TensorFlow.js Converter v4.22.0","modelTopologyType":"JSON","modelTopologyBytes":2490,"weightSpecsBytes":847,"weightDataBytes":520,"weights":[{"name":"bn/gamma","shape":[4],"dtype":"float32","bytes":16,"sha256":""#;
    assert!(ran.stdout.starts_with(head), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1);
    let weights = ran.json()["weights"].as_array().unwrap().clone();
    let kernel = &weights[4];
    assert_eq!(kernel["quantization"]["dtype"], "uint8");
    assert_eq!(kernel["bytes"], 72);
    assert_eq!(kernel["sha256"].as_str().unwrap().len(), 64);

    let without = place.run("info --json m").json();
    assert!(
        without["weights"].as_array().unwrap().iter().all(|weight| weight.get("sha256").is_none())
    );
}

#[test]
fn info_digests_are_those_of_the_decoded_bytes() {
    let place = Place::new();
    for (name, folder) in
        [("k2-quant", "tfjs-mixed"), ("g-dtypes", "tfjs"), ("k2-sharded", "tfjs-30")]
    {
        let expected = std::fs::read_to_string(fixture(name).join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let expected = expected["artifacts"][folder]["weights"].as_array().unwrap();
        let model = fixture(name).join(folder);
        let info = place.run_args(&["info", "--json", "--digest", model.to_str().unwrap()]).json();
        let weights = info["weights"].as_array().unwrap();
        assert_eq!(weights.len(), expected.len());
        for (weight, expected) in weights.iter().zip(expected) {
            assert_eq!(weight["name"], expected["name"]);
            assert_eq!(weight["sha256"], expected["sha256"], "{}", weight["name"]);
        }
    }
}

#[test]
fn absent_parts_are_null() {
    let place = Place::new();
    place.write("bare/model.json", r#"{"modelTopology": {"a": 1.0}, "convertedBy": null}"#);
    let info = place.run("info --json bare");
    assert_eq!(
        info.json(),
        json!({
            "url": "file://bare", "format": null, "generatedBy": null, "convertedBy": null,
            "modelTopologyType": "JSON", "modelTopologyBytes": 7, "weightSpecsBytes": 0,
            "weightDataBytes": 0, "weights": [],
        })
    );
}

#[test]
fn copies_and_listings_have_exactly_these_keys() {
    let place = Place::with_model("models/a");
    let copied = place.run("cp --json --shard-bytes 100 models/a models/b").json();
    let date = copied["dateSaved"].as_str().unwrap();
    assert!(date.len() == 24 && date.ends_with('Z'), "{date}");
    let mut expected = json!({
        "url": "file://models/b", "dateSaved": date, "modelTopologyType": "JSON",
        "modelTopologyBytes": 2490, "weightSpecsBytes": 847, "weightDataBytes": 520,
    });
    assert_eq!(copied, expected);
    assert!(std::fs::read_dir(place.path("models/b")).unwrap().count() > 5);

    let listed = place.run("ls --json models");
    let lines: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{listed:?}");
    let mut b = lines.iter().find(|line| line["url"] == "file://models/b").unwrap().clone();
    expected.as_object_mut().unwrap().remove("modelTopologyType");
    // The date of a file and that of the save that wrote it may differ a little.
    b["dateSaved"] = date.into();
    assert_eq!(b, expected);

    let removed = place.run("rm --json models/b").json();
    assert_eq!(removed.as_object().unwrap().len(), expected.as_object().unwrap().len());
    assert_eq!(place.run("verify --json models/a").json()["weights"], 8);
}

#[test]
fn ls_looks_here_and_goes_on_after_a_broken_model() {
    let place = Place::with_model("b-good");
    place.write("a-bad/model.json", "{");
    place.write("c-bad/model.json", r#"{"weightsManifest": 3}"#);
    let ran = place.run("ls");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(ran.stdout.trim_end().ends_with("b-good"), "{ran:?}");
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 2, "{ran:?}");

    let empty = Place::new();
    let ran = empty.run("ls");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn json_errors_are_one_object() {
    let place = Place::new();
    let ran = place.run("--json mv nothing there");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["causes", "error", "hint", "kind"]);
    assert_eq!(error["kind"], "NotFound");
}

#[test]
fn credentials_are_never_printed() {
    let place = Place::with_model("m");
    for command in [
        "info s3://me:SECRET@bucket/m?X-Amz-Signature=SECRET",
        "cp m memory://me:SECRET@m",
        "cp m memory://m?sig=SECRET --json",
        "mv memory://me:SECRET@m m2",
        "rm memory://me:SECRET@m?token=SECRET",
        "cp memory://u:SECRET@m memory://u:SECRET@m",
        "ls memory://u:SECRET@m",
        "info u:SECRET@host://m",
    ] {
        let ran = place.run(command);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!text.contains("SECRET"), "{command}: {ran:?}");
    }
}

#[test]
fn no_level_of_an_error_repeats_the_next() {
    let place = Place::with_model("m");
    place.write("bad/model.json", "{");
    place.write("odd/model.json", r#"{"weightsManifest": [{"paths": ["x"], "weights": [{}]}]}"#);
    place.write("far/model.json", r#"{"weightsManifest": [{"paths": ["../x"], "weights": []}]}"#);
    place.write("file", "");
    for command in [
        "info bad",
        "info odd",
        "info far",
        "cp m file/x",
        "mv m file",
        "info m/weights.bin",
        "verify bad",
        "rm nothing",
        "ls nothing",
        "cp bad x",
        "mv bad x",
        "info m --option read=x",
    ] {
        let ran = place.run(&format!("--json {command}"));
        let Ok(error) = serde_json::from_str::<Value>(&ran.stderr) else {
            assert_eq!(ran.stderr, "", "{command}");
            continue;
        };
        let mut levels = vec![error["error"].as_str().unwrap()];
        levels
            .extend(error["causes"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()));
        for pair in levels.windows(2) {
            assert!(!pair[0].contains(pair[1]), "{command}: {levels:?}");
        }
        // One line for a person, in which no level is there twice.
        let line = place.run(command).stderr;
        let first = line.lines().next().unwrap();
        assert_eq!(first, format!("error: {}", levels.join(": ")), "{command}");
        for level in levels {
            assert_eq!(first.matches(level).count(), 1, "{command}: {first}");
        }
    }
}

#[test]
fn schemes_are_told_to_machines() {
    let ran = Place::new().run("schemes --json");
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fs = lines.iter().find(|line| line["name"] == "fs").unwrap();
    assert_eq!(
        (&fs["schemes"], &fs["crate"], &fs["feature"]),
        (&json!(["file"]), &json!("io-fs"), &json!("fs"))
    );
    assert!(fs["capabilities"].as_array().unwrap().contains(&json!("load")));
    assert!(lines.iter().all(|line| line.as_object().unwrap().len() == 5));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Place::new().run(&format!("completions {shell}"));
        assert!(ran.code == 0 && ran.stdout.contains("no-clobber"), "{shell}");
    }
}
