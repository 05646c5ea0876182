//! `modelport doctor` with web servers: ours, and nginx.
#![cfg(target_os = "linux")]

use std::{fs, path::Path, process::Command};

use modelport_tests::{
    fixtures,
    model::tree,
    program::{self, Ran},
};
use serde_json::Value;

use crate::{http_peers::nginx::Nginx, serve::server::Server};

#[test]
fn a_server_of_ours_is_known_and_its_model_is_whole() {
    let root = tempfile::tempdir().unwrap();
    save(&root.path().join("m"));
    let server = Server::start(root.path(), &[]);
    let ran = doctor(&[&format!("{}/models/m", server.url)]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(outcomes(&ran, "read"), ["ok"]);
    assert_eq!(outcomes(&ran, "list"), ["ok"]);
    assert_eq!(outcomes(&ran, "shards"), ["ok"]);
    assert_eq!(outcomes(&ran, "ranges"), ["ok"]);
    let capabilities = &findings(&ran, "capabilities")[0];
    let can = capabilities["message"].as_str().unwrap();
    assert!(can.contains("remove") && can.contains("create"), "{can}");
    // The place of all models is none, and no damaged one either.
    let all = doctor(&[&format!("{}/models", server.url)]);
    assert_eq!((all.code, outcomes(&all, "read")), (0, vec!["not checked".to_owned()]));
}

#[test]
fn a_plain_server_is_read_only_and_each_file_is_looked_at() {
    let root = tempfile::tempdir().unwrap();
    let saved = root.path().join("m");
    save(&saved);
    for (directives, ranges) in [("", "ok"), ("max_ranges 0;", "warning")] {
        let nginx = Nginx::start(root.path(), directives);
        let url = format!("http://{}/m/model.json", nginx.address);
        let ran = doctor(&["--deep", &url]);
        assert_eq!((ran.code, outcomes(&ran, "ranges")), (0, vec![ranges.to_owned()]));
        assert_eq!(outcomes(&ran, "list"), ["not checked"]);
        assert_eq!(findings(&ran, "capabilities")[0]["message"], "load, save, stream");
        let shards = findings(&ran, "shards")[0]["message"].as_str().unwrap().to_owned();
        assert!(shards.contains("have the right checksums"), "{shards}");
    }
    let shards: Vec<_> = fs::read_dir(&saved)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .collect();
    fs::remove_file(&shards[0]).unwrap();
    fs::write(&shards[1], "short").unwrap();
    let nginx = Nginx::start(root.path(), "");
    let url = format!("http://{}/m/model.json", nginx.address);
    let ran = doctor(&[&url]);
    assert_eq!((ran.code, outcomes(&ran, "shards")), (1, vec!["problem".to_owned(); 2]));
    for shard in &shards[..2] {
        let name = shard.file_name().unwrap().to_str().unwrap();
        assert!(ran.stdout.contains(&format!("`{name}`")), "{}", ran.stdout);
    }
    let gone = doctor(&[&format!("http://{}/other/model.json", nginx.address)]);
    assert_eq!((gone.code, outcomes(&gone, "read")), (1, vec!["problem".to_owned()]));
}

#[test]
fn pages_of_an_origin_may_do_what_the_server_lets_them() {
    let root = tempfile::tempdir().unwrap();
    save(&root.path().join("m"));
    let server = Server::start(root.path(), &["--cors-origin", "https://app.example"]);
    let url = format!("{}/models/m", server.url);
    let put = ["--option", "method=PUT", "--option", "token=hunter2hunter2"];
    let may = doctor(&[&["--write", "--origin", "https://app.example", &url], &put[..]].concat());
    assert_eq!(outcomes(&may, "cors"), ["ok"; 3], "{}", may.stdout);
    assert!(!may.stdout.contains("hunter2"), "{}", may.stdout);
    let may_not = doctor(&["--origin", "https://other.example", &url]);
    let told = &findings(&may_not, "cors")[0];
    assert_eq!((may_not.code, told["outcome"].as_str()), (1, Some("problem")), "{told}");
    assert!(told["message"].as_str().unwrap().contains("`https://other.example`"), "{told}");
    assert!(told["hint"].as_str().unwrap().contains("Access-Control-Allow-Origin"), "{told}");

    // A server that lets everybody read, and shows nothing of its headers.
    let everybody = "add_header Access-Control-Allow-Origin *;";
    let nginx = Nginx::start(root.path(), everybody);
    let url = format!("http://{}/m/model.json", nginx.address);
    let read = doctor(&["--origin", "https://app.example", &url]);
    assert_eq!((read.code, outcomes(&read, "cors")), (0, vec!["warning".to_owned()]));
    let ran = doctor(&["--origin", "https://app.example", root.path().join("m").to_str().unwrap()]);
    assert_eq!((ran.code, outcomes(&ran, "cors")), (0, vec!["not checked".to_owned()]));
}

#[test]
fn a_server_of_ours_is_tried_and_nothing_is_left() {
    let root = tempfile::tempdir().unwrap();
    save(&root.path().join("m"));
    let tokens = root.path().join("tokens");
    fs::write(&tokens, "hunter2hunter2hunter2hunter2\n").unwrap();
    let models = tempfile::tempdir().unwrap();
    save(&models.path().join("m"));
    let before = tree(models.path());
    let server = Server::start(models.path(), &["--token-file", tokens.to_str().unwrap()]);
    for url in ["models", "models/m"].map(|path| format!("{}/{path}", server.url)) {
        let token = ["--write", "--option", "token=hunter2hunter2hunter2hunter2", &url];
        let ran = doctor(&token);
        for check in ["write", "conditions", "delete"] {
            assert_eq!(outcomes(&ran, check), ["ok"], "{check}: {}", ran.stdout);
        }
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
        // Without it the place is for reading.
        let ran = doctor(&["--write", &url]);
        let write = &findings(&ran, "write")[0];
        assert_eq!((ran.code, &write["outcome"]), (1, &"problem".into()), "{}", ran.stdout);
        assert!(write["message"].as_str().unwrap().contains("read-only for you"), "{write}");
        assert_eq!(outcomes(&ran, "delete"), ["not checked"]);
        assert_eq!(tree(models.path()), before);
    }
    // What is saved on a plain server stays there.
    let nginx = Nginx::start(models.path(), "dav_methods PUT;");
    let ran = doctor(&["--write", &format!("http://{}/m/model.json", nginx.address)]);
    assert_eq!((ran.code, outcomes(&ran, "write")), (0, vec!["not checked".to_owned()]));
    assert_eq!(tree(models.path()), before);
}

#[test]
fn a_disk_that_may_only_be_read_is_told_as_such() {
    const SCRIPT: &str = r#"
set -e
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || { echo "this test needs to mount" >&2; exit 99; }
exec "$2" doctor --json --write "$1"
"#;
    let root = tempfile::tempdir().unwrap();
    save(root.path());
    let before = tree(root.path());
    let ran = program::finish(
        Command::new("unshare")
            .args(["-m", "bash", "-c", SCRIPT, "bash"])
            .args([root.path(), program::path()]),
    );
    assert_eq!((ran.code, outcomes(&ran, "read")), (1, vec!["ok".to_owned()]), "{ran:?}");
    let write = &findings(&ran, "write")[0];
    assert_eq!(write["outcome"], "problem");
    assert!(write["message"].as_str().unwrap().contains("read-only for you"), "{write}");
    assert_eq!(tree(root.path()), before);
}

/// Saves a model of several weight files.
fn save(to: &Path) {
    let fixture = fixtures::one("js-functional-cnn/tfjs");
    let [from, to] = [&*fixture.dir, to].map(|path| path.to_str().unwrap());
    program::run(["cp", "--shard-bytes", "200", from, to]).success();
}

fn doctor(arguments: &[&str]) -> Ran {
    program::run(["doctor", "--json"].iter().chain(arguments))
}

fn findings(ran: &Ran, check: &str) -> Vec<Value> {
    let all = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|finding| finding["check"] == check).collect()
}

fn outcomes(ran: &Ran, check: &str) -> Vec<String> {
    let own = findings(ran, check);
    own.iter().map(|finding| finding["outcome"].as_str().unwrap().to_owned()).collect()
}
