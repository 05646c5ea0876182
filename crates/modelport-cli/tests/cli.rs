//! The built program, on real directories.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::Place;
use serde_json::Value;

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
            "cp m memory://m --shard-bytes 1 --to-option a=b",
            1,
            "",
            "error: cannot open memory://m: ",
        ),
        // The process ends, and the model with it.
        ("mv m memory://m", 1, "", "error: cannot move file://m: `memory://` does not keep "),
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
fn the_program_and_each_command_have_a_manual_page() {
    let place = Place::new();
    let page = place.run("man");
    assert!(page.code == 0 && page.stdout.contains(".TH modelport 1"), "{page:?}");
    assert!(page.stdout.contains("Exit status"), "{page:?}");
    for command in ["cp", "mv", "rm", "ls", "info", "verify", "convert", "schemes", "completions"] {
        let page = place.run(&format!("man {command}"));
        assert!(page.code == 0, "{page:?}");
        assert!(page.stdout.contains(&format!(".TH modelport-{command} 1")), "{page:?}");
        assert!(page.stdout.contains("no\\-verify"), "{page:?}");
    }
    let none = place.run("man frob");
    assert!(none.code == 1 && none.stderr.contains("there is no command `frob`"), "{none:?}");
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
fn a_collapsed_url_is_refused_before_anything_is_written() {
    let place = Place::with_model("m");
    for (command, meant) in [
        ("cp m s3:/bucket/m", "s3://bucket/m"),
        ("mv m s3:/bucket/m", "s3://bucket/m"),
        ("mv m S3:/bucket/m", "s3://bucket/m"),
        ("mv m gs:bucket/m", "gs://bucket/m"),
        ("cp https:/h/model.json x", "https://h/model.json"),
        ("convert m file:/tmp/x.h5", "file:///tmp/x.h5"),
        ("convert http:/h/x.h5 x", "http://h/x.h5"),
        ("info indexeddb:/m", "indexeddb://m"),
        ("verify memory:/m", "memory://m"),
        ("ls opfs:/", "opfs://"),
        ("gc --delete s3:/bucket", "s3://bucket"),
        ("doctor az:/container/m", "az://container/m"),
        ("rm localstorage:/m", "localstorage://m"),
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, 1, "{command}: {ran:?}");
        assert!(ran.stderr.contains(&format!("did you mean `{meant}`?")), "{command}: {ran:?}");
    }
    let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(place.run("mv m ./s3:/m").code, 0);
    assert_eq!(place.run("verify ./s3:/m").code, 0);
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
fn a_format_that_cannot_be_written_is_refused_by_its_name() {
    let place = Place::with_model("m");
    for name in ["x.onnx", "x.pb", "X.TFLITE"] {
        let ran = place.run(&format!("convert m {name}"));
        assert!(ran.code == 1 && ran.stderr.contains("hint: `--to tfjs`"), "{ran:?}");
        assert!(!place.path(name).exists());
    }
    assert_eq!(place.run("convert m x.onnx --to tfjs").code, 0);
    assert_eq!(place.run("verify x.onnx").code, 0);
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
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Place::new().run(&format!("completions {shell}"));
        assert!(ran.code == 0 && ran.stdout.contains("no-clobber"), "{shell}");
    }
}
