//! `modelport serve` with real clients: TensorFlow.js, and our own.

#[cfg(target_os = "linux")]
#[path = "serve/many.rs"]
mod many;
#[path = "serve/round.rs"]
mod round;
#[path = "serve/server.rs"]
pub(crate) mod server;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use modelport_tests::{fixtures, model::ModelFiles, program};
use round::{keeps_models, names_of};
use serde_json::Value;
use server::Server;

#[test]
fn tfjs_saves_to_the_server_and_loads_from_it_with_equal_predictions() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(root.path(), &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("serve/tfjs_http.js");
    for name in ["js-functional-cnn/tfjs", "js-rnn/tfjs", "g-mlp/tfjs"] {
        let fixture = fixtures::one(name);
        let url = format!("{}/models/{name}", server.url);
        let mut node = Command::new("node");
        node.arg(&script).arg(&fixture.dir).arg(&fixture.expected_file).arg(&url);
        let ran = program::finish(&mut node);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let line: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&line["status"], &line["predict"]), (&201.into(), &"ok".into()), "{line}");
        assert!(line["refused"].as_str().unwrap().contains("405"), "{line}");
        let stored = program::run(["info", "--json", root.path().join(name).to_str().unwrap()]);
        assert_eq!(stored.json()["weightDataBytes"], line["saved"]["weightDataBytes"]);
    }
}

#[test]
fn a_folder_is_served_and_keeps_its_models_when_the_server_ends() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("models");
    let server = Server::start(&root, &[]);
    keeps_models(&server.url);
    drop(server);
    assert_eq!(names_of(&Server::start(&root, &[]).url), ["moved"]);
}

#[test]
fn memory_is_served_and_is_gone_when_the_server_ends() {
    let server = Server::start("memory://models", &[]);
    keeps_models(&server.url);
    drop(server);
    assert!(names_of(&Server::start("memory://", &[]).url).is_empty());
}

#[test]
fn a_signal_in_the_middle_of_an_upload_leaves_the_old_model() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(root.path(), &["--grace", "300ms"]);
    let fixture = fixtures::one("js-seq-dense-opt/tfjs");
    let url = format!("{}/models/m", server.url);
    program::run(["cp", fixture.dir.to_str().unwrap(), &url]).success();

    let json = r#"{"modelTopology":{},"weightsManifest":[{"paths":["w"],"weights":[{"name":"w","shape":[1000000],"dtype":"float32"}]}]}"#;
    let head = format!(
        "PUT /models/m HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Authorization: Bearer SECRET\r\nContent-Length: 9999999\r\n\r\n\
         --b\r\nContent-Disposition: form-data; name=\"model.json\"\r\n\r\n{json}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"w\"\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![1; 3_000_000]).unwrap();
    let staged = || std::fs::read_dir(root.path().join("m")).unwrap().count() > 2;
    let start = Instant::now();
    while !staged() {
        assert!(start.elapsed() < Duration::from_secs(20), "the upload does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success(), "{log}");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(std::fs::read_dir(root.path().join("m")).unwrap().count(), 2, "staging stays");
    ModelFiles::read(&fixture.dir).assert_same(&ModelFiles::read(&root.path().join("m")), "old");

    // Every line of the log is an object, and none has a secret.
    assert!(log.lines().count() > 1 && !log.contains("SECRET"), "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_but_for_this_machine_and_not_told() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(root.path(), &[]);
    let fixture = fixtures::one("js-functional-cnn/tfjs");
    let url = format!("{}/models/m", server.url);
    program::run(["cp", fixture.dir.to_str().unwrap(), &url]).success();
    let through = |options: &[&str], not_for: &str, url: &str| {
        let mut command = Command::new(program::path());
        // Nothing listens there.
        command.env("HTTP_PROXY", "http://user:hunter2@127.0.0.1:9").env("NO_PROXY", not_for);
        command.args(["info", "--json", "--option=retries=0"]).args(options).arg(url);
        program::finish(&mut command)
    };
    through(&[], "", &format!("{url}/model.json")).success();
    let elsewhere = "http://models.invalid/m/model.json";
    for (options, not_for, names_it) in [
        (&[][..], "", true),
        (&["--option=proxy=environment"], "", true),
        (&["--option=proxy=none"], "", false),
        (&["--option=env=false"], "", false),
        (&[], "models.invalid", false),
    ] {
        let refused = through(options, not_for, elsewhere);
        let error = refused.error().to_string();
        assert_eq!(refused.error()["kind"], "Network", "{error}");
        assert_eq!(error.contains("127.0.0.1:9"), names_it, "{options:?}: {error}");
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
}

#[test]
#[cfg(unix)]
fn sighup_reloads_tokens_and_keeps_those_that_cannot_be_read() {
    let root = tempfile::tempdir().unwrap();
    let tokens = root.path().join("tokens.txt");
    std::fs::write(&tokens, "first-0123456789abcdef\n").unwrap();
    let arguments = ["--token-file", tokens.to_str().unwrap()];
    let server = Server::start(root.path().join("models"), &arguments);
    let status = |token: &str| {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "DELETE /models/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}-0123456789abcdef\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    let wait_for = |token: &str| {
        let start = Instant::now();
        while status(token) != 404 {
            assert!(start.elapsed() < Duration::from_secs(20), "{token} is not in force");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert_eq!((status("first"), status("second")), (404, 401));
    std::fs::write(&tokens, "second-0123456789abcdef\n").unwrap();
    server.signal("HUP");
    wait_for("second");
    assert_eq!(status("first"), 401);

    std::fs::write(&tokens, "short\n").unwrap();
    server.signal("HUP");
    // The next reload shows that the bad one was done.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(status("second"), 404);
    std::fs::write(&tokens, "third-0123456789abcdef\n").unwrap();
    server.signal("HUP");
    wait_for("third");
    server.terminate();
    let (ended, log) = server.wait();
    assert!(ended.success() && log.contains("cannot reload the tokens"), "{log}");
    assert!(!log.contains("0123456789abcdef"), "{log}");
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let root = tempfile::tempdir().unwrap();
    let (server, mut stderr) = Server::start_unread(root.path(), &[]);
    // More than a pipe takes, and than may wait: each request is a line of a hundred bytes or more.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..8_000 {
        stream.write_all(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).unwrap() > 2 {
            head.push_str(&std::mem::take(&mut line));
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
    drop((stream, reader));

    // Whoever reads after all learns how much is missing.
    let mut log = String::new();
    let mut lines = BufReader::new(&mut stderr).lines();
    while !log.contains("dropped") {
        log = lines.next().unwrap().unwrap();
    }
    let line: Value = serde_json::from_str(&log).unwrap();
    assert!(line["fields"]["dropped"].as_u64().unwrap() > 0, "{line}");
    drop(lines);

    // And nobody waits for the last lines for long.
    let begun = Instant::now();
    server.terminate();
    assert!(server.wait().0.success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_address_that_others_can_reach_needs_tokens() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().to_str().unwrap();
    let refused =
        program::run(["serve", "--json", "--log", "none", "--addr", "0.0.0.0:0", "--root", root]);
    assert_eq!(refused.error()["kind"], "InvalidInput");
    let refused = program::run(["serve", "--json", "--log", "none", "--root", "s4://x"]);
    assert_eq!(refused.error()["kind"], "UnknownScheme");
}
