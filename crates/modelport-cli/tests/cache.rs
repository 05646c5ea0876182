//! `modelport cache`, beside a small web server.
#![cfg(feature = "cache")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod place;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    thread,
};

use place::Place;
use serde_json::Value;

/// The origin of a server that gives the files in `directory`, one request a connection.
fn serve(directory: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                lines.push(line);
            }
            let Some(target) = lines.first().and_then(|line| line.split(' ').nth(1)) else {
                continue;
            };
            let path = target.split('?').next().unwrap().trim_start_matches('/');
            let body = std::fs::read(directory.join(path)).unwrap_or_default();
            let status = if body.is_empty() { 404 } else { 200 };
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\netag: \"{path}\"\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            let sent = if lines[0].starts_with("HEAD") { &[] } else { body.as_slice() };
            let _ = reader.get_mut().write_all(&[head.as_bytes(), sent].concat());
        }
    });
    origin
}

#[test]
fn copies_are_kept_listed_used_and_removed() {
    let place = Place::with_model("m");
    let origin = serve(place.path(""));
    let cp = |to: &str, more: &str| {
        let url = format!("{origin}/m/model.json?token=hunter2");
        place.run(&format!("cp -q --from-option cache-dir=c {more} {url} {to}"))
    };
    assert_eq!(cp("one", "").code, 0);
    let listed = place.run("cache ls --json --dir c");
    let entries: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.len() >= 2, "{listed:?}");
    assert!(!listed.stdout.contains("hunter2"), "{listed:?}");
    let bytes: u64 = entries.iter().map(|entry| entry["bytes"].as_u64().unwrap()).sum();
    assert!(bytes > 520);
    assert!(entries.iter().all(|entry| entry["used"].as_str().unwrap().ends_with('Z')));
    assert_eq!(place.run("cache ls --dir c").stdout.lines().count(), entries.len());

    // From the copies alone, and then no more.
    assert_eq!(cp("two", "--from-option offline=true").code, 0);
    assert_eq!(place.run("verify two").code, 0);
    let removed = place.run(&format!("cache rm --json --dir c {origin}/m"));
    assert_eq!(removed.json()["removed"], entries.len());
    let failed = cp("three", "--from-option offline=true");
    assert_eq!(failed.code, 1);
    assert!(failed.stderr.contains("not in the cache"), "{failed:?}");
    let nothing = place.run(&format!("cache rm --dir c {origin}/m"));
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.starts_with("error: there are no copies of "), "{nothing:?}");

    assert_eq!(cp("four", "").code, 0);
    let pruned = place.run("cache prune --max-bytes 0 --dir c");
    assert!(pruned.stdout.starts_with("removed "), "{pruned:?}");
    assert_eq!(place.run("cache ls --dir c").stdout, "");
}

#[test]
fn the_directory_is_the_users_unless_it_is_named() {
    let place = Place::new();
    let run = |variable: &str, value: &str| {
        let mut command = place.command();
        command.args(["cache", "ls"]).env_remove("HOME").env_remove("XDG_CACHE_HOME");
        command.env_remove("LOCALAPPDATA").env(variable, value).output().unwrap()
    };
    let absolute = place.path("");
    let home = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
    assert!(run(home, absolute.to_str().unwrap()).status.success());
    assert!(!run("UNUSED", "x").status.success());
}
