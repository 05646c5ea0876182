//! HTTP with what others wrote: a receiver in Flask, nginx, and schemathesis.
#![cfg(target_os = "linux")]

#[path = "http_peers/cutter.rs"]
mod cutter;
#[path = "http_peers/nginx.rs"]
pub(crate) mod nginx;
#[path = "http_peers/receiver.rs"]
mod receiver;

use std::{fs, path::Path, process::Command};

use modelport_tests::{
    fixtures,
    model::ModelFiles,
    program::{self, Ran},
};
use nginx::Nginx;
use receiver::Receiver;
use serde_json::{Value, json};

use crate::serve::server::Server;

#[test]
fn the_receiver_of_the_documentation_gets_from_us_what_it_gets_from_tfjs() {
    let mut receiver = Receiver::start();
    for name in ["js-functional-cnn/tfjs", "js-rnn/tfjs", "k2-quant/tfjs-mixed"] {
        let fixture = fixtures::one(name);
        let original = ModelFiles::read(&fixture.dir);
        program::run(["cp", fixture.dir.to_str().unwrap(), &receiver.url]).success();
        let ours = receiver.line();
        let model = fs::read(receiver.folder().join("model.json")).unwrap();
        original.assert_same(&ModelFiles::read(receiver.folder()), name);

        node("tfjs_save.js", [fixture.dir.as_os_str(), receiver.url.as_ref()]);
        let theirs = receiver.line();
        let reference = fs::read(receiver.folder().join("model.json")).unwrap();
        assert!(original.bytes == ModelFiles::read(receiver.folder()).bytes, "{name}");

        // The JSON is the same, byte for byte where TensorFlow.js has spelled it before.
        let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
        assert_eq!(parsed(&model), parsed(&reference), "{name}");
        assert!(!name.starts_with("js-") || model == reference, "{name}");

        let part = |name, kind, bytes| json!({"field": name, "filename": name, "type": kind, "bytes": bytes});
        let request = |model: &[u8]| {
            json!({
                "method": "POST", "path": "/upload", "status": 200, "fields": [],
                "parts": [
                    part("model.json", "application/json", model.len()),
                    part("model.weights.bin", "application/octet-stream", original.bytes.len()),
                ],
            })
        };
        assert_eq!((ours, theirs), (request(&model), request(&reference)), "{name}");
    }
}

#[test]
fn nginx_serves_what_we_saved_to_us_and_to_tfjs() {
    let root = tempfile::tempdir().unwrap();
    let gzip = "gzip on; gzip_min_length 1; gzip_types application/json;";
    let nginx = Nginx::start(root.path(), gzip);
    for name in ["js-functional-cnn/tfjs", "js-unequal-shards/tfjs-shards", "g-mlp/tfjs"] {
        let fixture = fixtures::one(name);
        let saved = root.path().join(name);
        program::run(["cp", fixture.dir.to_str().unwrap(), saved.to_str().unwrap()]).success();
        let url = format!("http://{}/{name}/model.json", nginx.address);
        program::run(["verify", &url]).success();
        let back = root.path().join("back").join(name);
        program::run(["cp", &url, back.to_str().unwrap()]).success();
        ModelFiles::read(&fixture.dir).assert_same(&ModelFiles::read(&back), name);
        let ran = node("tfjs_load.js", [fixture.expected_file.as_os_str(), url.as_ref()]);
        let line: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(line["predict"], "ok", "{name}: {line}");
    }
    // TensorFlow.js asked for compressed model files and got them, we ask for them as they are.
    let requests = nginx.requests();
    let models = requests.iter().filter(|request| request[1].ends_with("/model.json"));
    let encodings: Vec<_> =
        models.map(|request| (request[2].as_str(), request[5].as_str())).collect();
    let expected = [("200", "-"), ("200", "-"), ("200", "gzip")].repeat(3);
    assert_eq!(encodings, expected, "{requests:?}");
}

#[test]
fn a_cut_body_goes_on_by_range_and_also_where_nginx_knows_no_ranges() {
    let root = tempfile::tempdir().unwrap();
    let saved = root.path().join("m");
    save_large_model(root.path(), &saved);
    for (directives, status) in [("", "206"), ("max_ranges 0;", "200")] {
        let nginx = Nginx::start(root.path(), directives);
        let url = format!("http://{}/m/model.json", cutter::start(&nginx.address, CUT));
        let back = tempfile::tempdir().unwrap();
        let back = back.path().join("back");
        program::run(["cp", &url, back.to_str().unwrap()]).success();
        ModelFiles::read(&saved).assert_same(&ModelFiles::read(&back), status);

        let requests = nginx.requests();
        let resumed: Vec<_> = requests.iter().filter(|request| request[3] != "-").collect();
        let [resumed] = resumed[..] else { panic!("{requests:?}") };
        let from = resumed[3].strip_prefix("bytes=").unwrap().split('-').next().unwrap();
        assert!((1..=CUT).contains(&from.parse().unwrap()), "{requests:?}");
        assert_eq!((resumed[2].as_str(), resumed[4] != "-"), (status, true), "{requests:?}");
    }
}

#[test]
fn schemathesis_finds_the_server_to_be_as_it_describes_itself() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(root.path().join("models"), &[]);
    let fixture = fixtures::one("js-functional-cnn/tfjs");
    let model = format!("{}/models/m", server.url);
    program::run(["cp", fixture.dir.to_str().unwrap(), &model]).success();
    let mut command = Command::new("timeout");
    command
        .arg("300")
        .arg(receiver::python())
        .args(["-m", "schemathesis.cli", "run", &format!("{}/openapi.json", server.url)])
        .args(["--url", &server.url, "--phases", "examples,coverage,fuzzing"])
        .args(["--checks", CHECKS, "--max-examples", "10"])
        .args(["--generation-deterministic", "--no-color"])
        // It leaves files where it runs.
        .current_dir(root.path());
    let ran = program::finish(&mut command);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(" passed"), "{}", ran.stdout);
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// In the middle of the weights: the model file is much smaller, the weights are larger.
const CUT: u64 = 1 << 20;

/// Has us save a model of 3 MB to `saved`.
fn save_large_model(folder: &Path, saved: &Path) {
    let source = folder.join("source");
    fs::create_dir(&source).unwrap();
    let weights = json!([{"name": "w", "shape": [750_000], "dtype": "float32"}]);
    let model = json!({"weightsManifest": [{"paths": ["w.bin"], "weights": weights}]});
    fs::write(source.join("model.json"), model.to_string()).unwrap();
    // No piece of it is like another.
    let bytes: Vec<u8> = (0..750_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(source.join("w.bin"), bytes).unwrap();
    program::run(["cp", source.to_str().unwrap(), saved.to_str().unwrap()]).success();
}

/// Runs one of our scripts with real TensorFlow.js.
fn node<const N: usize>(script: &str, arguments: [&std::ffi::OsStr; N]) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("http_peers").join(script);
    let ran = program::finish(Command::new("node").arg(script).args(arguments));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}
