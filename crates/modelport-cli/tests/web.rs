//! `--header` and `--method`, beside a small web server.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod place;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use place::Place;

/// The head of a request, a line each.
type Heads = Arc<Mutex<Vec<Vec<String>>>>;

/// The origin of a server that gives the files in `directory`, takes what is sent, and keeps the heads
/// of the requests.
fn serve(directory: PathBuf) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let kept = heads.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let Some(target) = head.first().and_then(|line| line.split(' ').nth(1)) else {
                continue;
            };
            let body = fs::read(directory.join(target.trim_start_matches('/')));
            let is_head = head[0].starts_with("HEAD");
            let is_get = is_head || head[0].starts_with("GET");
            let lengths = head.iter().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            });
            let mut sent = vec![0; lengths.unwrap_or(0)];
            let _ = reader.read_exact(&mut sent);
            kept.lock().unwrap().push(head);
            let (status, body) = match body {
                Ok(body) if is_get => (200, body),
                _ if is_get => (404, Vec::new()),
                _ => (200, Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let body = if is_head { Vec::new() } else { body };
            let _ = reader.get_mut().write_all(&[head.into_bytes(), body].concat());
        }
    });
    (origin, heads)
}

#[test]
fn headers_and_the_method_reach_the_server_and_no_other() {
    let place = Place::with_model("m");
    let (origin, heads) = serve(place.path("m"));
    let run = |args: &[&str]| {
        let output = place.command().args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        std::mem::take(&mut *heads.lock().unwrap())
    };
    let sent = |head: &[String], line: &str| head.iter().any(|one| one.eq_ignore_ascii_case(line));

    let model = format!("{origin}/model.json");
    let own = ["-H", "X-Team: vision", "--header", "X-Run:7"];
    let asked = run(&[&["cp"], &own[..], &[&model, "copy"]].concat());
    assert!(asked.len() >= 2, "{asked:?}");
    for head in &asked {
        assert!(sent(head, "x-team: vision") && sent(head, "x-run: 7"), "{head:?}");
    }

    let upload = format!("{origin}/upload");
    let posted = run(&["cp", "m", &upload]);
    assert!(posted.iter().any(|head| head[0].starts_with("POST /upload")), "{posted:?}");
    // With those of an option; and a side that is a file takes no notice.
    let option = "--option=headers=X-Option: 1";
    let to = ["cp", "--method", "PUT", "-H", "X-Team: vision", "m", &upload];
    let put = run(&to);
    let put = put.iter().find(|head| head[0].starts_with("PUT /upload")).unwrap();
    assert!(sent(put, "x-team: vision"), "{put:?}");
    let both = run(&["info", "-H", "X-Team: vision", option, &model]);
    assert!(both.iter().all(|head| sent(head, "x-team: vision") && sent(head, "x-option: 1")));
    for command in ["ls", "verify", "info", "doctor"] {
        let output = place.command().args([command, "-H", "X-Team: vision", &model]).output();
        let heads = std::mem::take(&mut *heads.lock().unwrap());
        assert!(!heads.is_empty(), "{command}: {output:?}");
        assert!(heads.iter().all(|head| sent(head, "x-team: vision")), "{command}: {heads:?}");
    }
}

#[test]
fn headers_that_are_for_no_server_or_for_two_are_refused_and_not_shown() {
    let place = Place::with_model("m");
    for (args, due) in [
        (["m", "copy"], "`--header` is for a URL on the web, and there is none"),
        (["http://127.0.0.1:1/a", "http://127.0.0.1:2/a"], "`--header` would go to two servers"),
        (["http://127.0.0.1:1/a", "https://127.0.0.1:1/a"], "`--header` would go to two servers"),
    ] {
        let output = place.command().args(["cp", "-H", "Cookie: hunter2"]).args(args).output();
        let error = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(error.contains(due) && !error.contains("hunter2"), "{error}");
    }
    for header in ["hunter2", ": hunter2", "a: hunter2\nb: c"] {
        let output = place.command().args(["info", "-H", header, "http://127.0.0.1:1/a"]).output();
        let error = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(error.contains("`NAME: VALUE`") && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn files_of_other_formats_are_read_from_a_web_server() {
    let place = Place::with_model("m");
    let run = |args: &[&str]| {
        let output = place.command().args(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), stderr)
    };
    let digests = |model: &str| {
        let (done, told, stderr) = run(&["info", "--digest", "--json", model]);
        assert!(done, "{stderr}");
        let (_, weights) = told.split_once("\"weights\"").unwrap();
        assert!(weights.contains("sha256"), "{weights}");
        weights.to_owned()
    };
    let (done, _, stderr) = run(&["convert", "m", "served/m.safetensors"]);
    assert!(done, "{stderr}");
    let (origin, _) = serve(place.path("."));
    for (source, model) in [("served/m.safetensors", "back"), ("m/model.json", "again")] {
        let (done, _, stderr) = run(&["convert", &format!("{origin}/{source}"), model]);
        assert!(done, "{stderr}");
        assert_eq!(digests(model), digests("m"));
    }
    let (done, _, stderr) = run(&["convert", "m", &format!("{origin}/new.safetensors")]);
    assert!(!done);
    assert!(stderr.contains("has models, not files of other formats"), "{stderr}");
    let (done, _, stderr) = run(&["convert", &format!("{origin}/none.h5?key=hunter2"), "x"]);
    assert!(!done);
    assert!(stderr.contains("404") && !stderr.contains("hunter2"), "{stderr}");
}
