//! Files beside models: labels, metadata, vocabularies.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use modelport_server::{Limits, ListenOptions, ServerOptions};
use support::{Form, Reply, Site};

fn site() -> Site {
    let mut limits = Limits::new();
    limits.model_json_bytes = 10_000;
    let options = ServerOptions::new().with_limits(limits);
    let options = options.with_extra_files("metadata.json").unwrap();
    Site::with(options.with_extra_files("*.txt").unwrap(), ListenOptions::new())
}

fn put(site: &Site, path: &str, lines: &[&str], body: &[u8]) -> Reply {
    site.send("PUT", &format!("/models/{path}"), lines, body)
}

#[test]
fn extra_files_come_with_the_form_and_one_by_one() {
    let site = site();
    let form = Form::model(b"abcd").part("metadata.json", br#"{"labels":["a"]}"#);
    assert_eq!(site.put("t/m", &form).status, 201);
    let found = site.get("/models/t/m/metadata.json");
    assert_eq!((found.status, &*found.body), (200, &br#"{"labels":["a"]}"#[..]));
    assert_eq!(found.header("content-type"), Some("application/json"));
    assert_eq!(found.header("x-content-type-options"), Some("nosniff"));

    assert_eq!(site.get("/models/t/m/labels.txt").status, 404);
    assert_eq!(put(&site, "t/m/labels.txt", &[], b"cat\ndog").status, 201);
    assert_eq!(site.get("/models/t/m/labels.txt").body, b"cat\ndog");
    assert_eq!(put(&site, "t/m/labels.txt", &["If-None-Match: *"], b"x").status, 412);
    assert_eq!(put(&site, "t/m/labels.txt", &[], b"bird").status, 204);
    assert_eq!(site.get("/models/t/m/labels.txt").body, b"bird");
    // The model is as it was, and the only one.
    assert_eq!(site.get("/models").json()["models"].as_array().unwrap().len(), 1);
    assert_eq!(site.get("/models/t/m/model.json").status, 200);
    assert_eq!(site.send("DELETE", "/models/t/m/labels.txt", &[], &[]).status, 204);
    assert_eq!(site.send("DELETE", "/models/t/m/labels.txt", &[], &[]).status, 404);
    assert_eq!(site.files().len(), 3);
}

#[test]
fn an_extra_file_takes_a_place_of_the_uploads() {
    let mut limits = Limits::new();
    limits.uploads = 0;
    let options = ServerOptions::new().with_limits(limits).with_extra_files("*.txt").unwrap();
    let site = Site::with(options, ListenOptions::new());
    let refused = put(&site, "m/labels.txt", &[], b"x");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
}

#[test]
fn what_is_no_extra_file_is_neither_given_nor_taken() {
    let site = site();
    let form = Form::model(b"abcd");
    assert_eq!(put(&site, "m/labels.txt", &[], b"x").status, 404, "there is no model");
    assert_eq!(site.put("m", &form).status, 201);
    std::fs::write(site.root.path().join("m").join("secret.key"), "k").unwrap();
    std::fs::write(site.root.path().join("m").join(".hidden.txt"), "k").unwrap();
    for path in ["m/secret.key", "m/.hidden.txt", "m/x/labels.txt", "m/..%2fa.txt", "m/a%00.txt"] {
        let answer = site.get(&format!("/models/{path}"));
        assert!(answer.status != 200 && answer.body != b"k", "{path}: {answer:?}");
    }
    for (path, status) in
        [("m/a%2fb.txt", 400), ("m/.a.txt", 400), ("m/a.bin", 405), ("m/b.json", 405)]
    {
        assert_eq!(put(&site, path, &[], b"x").status, status, "{path}");
    }
    assert_eq!(put(&site, "m/long.txt", &[], &[b'x'; 10_001]).status, 413);
    let with = |name: &str| site.put("m", &form.clone().part(name, b"x")).status;
    assert_eq!((with("other.csv"), with("../a.txt"), with("a.txt")), (400, 400, 200));
    // A weight file that a pattern matches is the model's, whatever a request says.
    let json = support::manifest(
        "m",
        r#"[{"paths":["w.txt"],"weights":[{"name":"w","shape":[1],"dtype":"float32"}]}]"#,
    );
    let named = site.root.path().join("named");
    std::fs::create_dir(&named).unwrap();
    std::fs::write(named.join("model.json"), json).unwrap();
    std::fs::write(named.join("w.txt"), b"abcd").unwrap();
    assert_eq!(put(&site, "named/w.txt", &[], b"evil").status, 412);
    assert_eq!(site.send("DELETE", "/models/named/w.txt", &[], &[]).status, 404);
    assert_eq!(std::fs::read(named.join("w.txt")).unwrap(), b"abcd");
    // And without patterns there are none.
    let plain = Site::new();
    assert_eq!(plain.put("m", &form).status, 201);
    assert_eq!(plain.put("m", &form.clone().part("metadata.json", b"{}")).status, 400);
    assert_eq!(plain.get("/models/m/metadata.json").status, 404);
}
