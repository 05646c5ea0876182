//! Pipes that close and signals that come in the middle.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use place::Place;

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::with_model("m");
    for args in [
        ["info", "m"],
        ["info", "--json"],
        ["ls", "."],
        ["schemes", "--json"],
        ["completions", "bash"],
        ["cp", "--help"],
        ["--help", "--json"],
    ] {
        let mut command = place.command();
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        if args == ["info", "--json"] {
            command.arg("m");
        }
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_signal_ends_a_save_and_nothing_stays_behind() {
    let many_files = ["--shard-bytes", "4096", "--to-option", "fsync=false"];
    for (signal, code, args) in [
        ("INT", 130, &["--to-option", "fsync=true"][..]),
        ("TERM", 143, &["--to-option", "fsync=true"]),
        ("INT", 130, &many_files),
        ("TERM", 143, &many_files),
    ] {
        let place = Place::new();
        big_model(&place, "m");
        let mut child = place.command().args(["cp", "m", "new"]).args(args).spawn().unwrap();
        // Once the first file is there, the save is in full swing.
        let start = Instant::now();
        while !has_weights(&place.path("new")) && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let status = child.wait().unwrap();
        if status.success() {
            // The machine was faster than the signal.
            continue;
        }
        assert_eq!(status.code(), Some(code), "{signal}");
        assert!(!place.path("new").exists(), "{signal}");
        assert_eq!(place.run("verify m").code, 0);
    }
}

/// Whether a save to `path` has made a weight file.
fn has_weights(path: &Path) -> bool {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    entries(path).any(|staging| entries(&staging.path()).next().is_some())
}

/// A model with 128 MiB of zeros, in a file that takes no room.
fn big_model(place: &Place, name: &str) {
    let bytes = 128 << 20;
    let manifest = format!(
        r#"{{"modelTopology":{{}},"weightsManifest":[{{"paths":["w.bin"],"weights":[{{"name":"w","shape":[{bytes}],"dtype":"bool"}}]}}]}}"#
    );
    place.write(&format!("{name}/model.json"), &manifest);
    fs::File::create(place.path(name).join("w.bin")).unwrap().set_len(bytes).unwrap();
}
