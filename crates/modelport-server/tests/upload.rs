//! Uploads: what is taken, what is refused, and that nothing of the refused stays.

mod support;

use modelport_server::{Limits, ListenOptions, ServerOptions};
use support::{BOUNDARY, Form, Site, manifest, model_json, weights_path};

const TWO_FILES: &str = r#"[{"paths":["a.bin","d/b.bin"],"weights":[{"name":"w","shape":[3],"dtype":"float32"}]},{"paths":["c.bin"],"weights":[{"name":"v","shape":[2],"dtype":"uint8"}]}]"#;

#[test]
fn a_form_of_tensorflow_js_is_saved_and_replaced() {
    let site = Site::new();
    let first = site.put("team/m", &Form::model(b"abcdefgh"));
    assert_eq!((first.status, first.header("location")), (201, Some("./../team/m/model.json")));
    let info = &first.json()["modelArtifactsInfo"];
    assert_eq!((&info["weightDataBytes"], &info["modelTopologyType"]), (&8.into(), &"JSON".into()));
    let old = weights_path(&site, "team/m");
    assert_eq!(site.get(&old).body, b"abcdefgh");

    let second = Form::model(b"ijkl");
    let reply = site.send("POST", "/models/team/m", &[&second.content_type()], &second.body());
    assert_eq!(reply.status, 200);
    assert_eq!(site.get(&weights_path(&site, "team/m")).body, b"ijkl");
    // Whoever still has the old model file gets nothing rather than other weights.
    assert_eq!((site.get(&old).status, site.get(&old).kind().as_str()), (404, "NotFound"));
    assert_eq!(site.files().len(), 2);
}

#[test]
fn several_files_strings_and_no_weights() {
    let site = Site::new();
    let several = Form::default()
        .part("model.json", manifest("x", TWO_FILES).as_bytes())
        .part("a.bin", b"12345")
        .part("./d/b.bin", b"6789012")
        .part("c.bin", b"yz");
    assert_eq!(site.put("several", &several).status, 201);
    assert_eq!(site.get(&weights_path(&site, "several")).body, b"123456789012yz");

    let strings = r#"[{"paths":["s.bin"],"weights":[{"name":"s","shape":[2],"dtype":"string"}]}]"#;
    let form = |bytes: &[u8]| {
        let json = manifest("x", strings);
        Form::default().part("model.json", json.as_bytes()).part("s.bin", bytes)
    };
    assert_eq!(site.put("strings", &form(b"\x01\0\0\0a\x02\0\0\0bc")).status, 201);
    // One string too few, one cut, one too many.
    for wrong in [&b"\x01\0\0\0a"[..], b"\x01\0\0\0a\x02\0\0\0b", b"\x01\0\0\0a\0\0\0\0\0\0\0\0"] {
        let reply = site.put("strings", &form(wrong));
        assert_eq!((reply.status, reply.kind().as_str()), (400, "Corrupt"), "{wrong:?}");
    }
    assert_eq!(site.get(&weights_path(&site, "strings")).body, b"\x01\0\0\0a\x02\0\0\0bc");

    let bare = r#"{"modelTopology":{"a":1}}"#;
    assert_eq!(site.put("bare", &Form::default().part("model.json", bare.as_bytes())).status, 201);
    let json = site.get("/models/bare/model.json").json();
    assert_eq!(json, serde_json::json!({"modelTopology": {"a": 1}}));
}

#[test]
fn create_only_refuses_what_is_there_before_it_reads() {
    let site = Site::new();
    let form = Form::model(b"abcd");
    let lines = [&form.content_type()[..], "If-None-Match: *"];
    assert_eq!(site.send("PUT", "/models/m", &lines, &form.body()).status, 201);
    let again = site.send("PUT", "/models/m", &lines, &form.body());
    assert_eq!((again.status, again.kind().as_str()), (412, "AlreadyExists"));
    let lines = [&form.content_type()[..], "If-None-Match: \"x\""];
    assert_eq!(site.send("PUT", "/models/m", &lines, &form.body()).status, 400);
}

#[test]
fn hostile_forms_are_refused_and_leave_nothing() {
    let site = Site::new();
    let json = model_json("m", 2);
    let part = |name: &str, content: &[u8]| Form::default().part(name, content);
    let good = || part("model.json", json.as_bytes());
    let sums = |bytes: u64, crc: &str| {
        let groups = format!(
            r#"[{{"paths":["w.bin"],"weights":[{{"name":"w","shape":[2],"dtype":"float32"}}],"integrity":[{{"bytes":{bytes},"crc64nvme":"{crc}"}}]}}]"#
        );
        part("model.json", manifest("x", &groups).as_bytes()).part("w.bin", b"abcdefgh")
    };
    let outside = r#"[{"paths":["../w.bin"],"weights":[]}]"#;
    let huge = r#"[{"paths":["w.bin"],"weights":[{"name":"w","shape":[4611686018427387904,4],"dtype":"float32"}]}]"#;
    let later = Form::default().part("model.json", manifest("x", TWO_FILES).as_bytes());
    for (what, form) in [
        ("no part", Form::default()),
        (
            "the weights first",
            part("model.weights.bin", b"abcdefgh").part("model.json", json.as_bytes()),
        ),
        ("no weights", good()),
        ("short weights", good().part("model.weights.bin", b"abcd")),
        ("long weights", good().part("model.weights.bin", b"abcdefghi")),
        ("very long weights", good().part("model.weights.bin", &[0; 3_000_000])),
        ("another name", good().part("../../etc/passwd", b"abcdefgh")),
        ("a part too many", good().part("model.weights.bin", b"abcdefgh").part("x", b"")),
        ("two models", good().part("model.json", json.as_bytes())),
        ("no JSON", part("model.json", b"<html>")),
        ("no model", part("model.json", b"{}")),
        ("a path that leads out", part("model.json", manifest("x", outside).as_bytes())),
        ("a size that overflows", part("model.json", manifest("x", huge).as_bytes())),
        (
            "wrong order",
            later.clone().part("d/b.bin", b"6789012").part("a.bin", b"12345").part("c.bin", b"yz"),
        ),
        ("a file that is missing", later.part("a.bin", b"123456789012")),
        ("a wrong checksum", sums(8, "0123456789abcdef")),
        ("a wrong length", sums(7, "0123456789abcdef")),
    ] {
        let reply = site.put("m", &form);
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400, "{what}: {message}");
        assert!(!message.contains(site.root.path().to_str().unwrap()), "{message}");
        assert_eq!(site.files(), Vec::<std::path::PathBuf>::new(), "{what}");
    }
    assert_eq!(site.get("/models/m").status, 404);
}

#[test]
fn boundaries_and_ends_are_taken_exactly() {
    let site = Site::new();
    let form = Form::model(b"abcdefgh");
    let whole = form.body();
    let kind = form.content_type();
    let put = |kind: &str, body: &[u8]| site.send("PUT", "/models/m", &[kind], body).status;
    // Wherever the body ends, up to the last boundary, it is not a model.
    for cut in [1, 30, 200, whole.len() / 2, whole.len() - BOUNDARY.len() - 8, whole.len() - 5] {
        assert_eq!(put(&kind, &whole[..cut]), 400, "{cut}");
    }
    assert_eq!(put("Content-Type: application/json", &whole), 415);
    assert_eq!(put("Content-Type: multipart/form-data", &whole), 415);
    assert_eq!(put("Content-Type: multipart/form-data; boundary=other", &whole), 400);
    assert!(site.files().is_empty());
    // What looks like a boundary but is none is weights.
    let tricky = b"\r\n----a-boundarx\r\n--\r\n-----";
    let padded = [&tricky[..], &vec![0; tricky.len().next_multiple_of(4) - tricky.len()]].concat();
    assert_eq!(site.put("m", &Form::model(&padded)).status, 201);
    assert_eq!(site.get(&weights_path(&site, "m")).body, padded);
}

#[test]
fn what_is_too_much_is_refused() {
    let mut limits = Limits::new();
    limits.body_bytes = 100_000;
    limits.model_json_bytes = 5_000;
    limits.parts = 3;
    let site = Site::with(ServerOptions::new().with_limits(limits), ListenOptions::new());
    let big = Form::model(&[0; 200_000]);
    assert_eq!(site.put("m", &big).status, 413, "announced");
    let chunked =
        [format!("{:x}\r\n", big.body().len()).as_bytes(), &big.body(), b"\r\n0\r\n\r\n"].concat();
    let mut stream = site.connect();
    let head = format!(
        "PUT /models/m HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\nTransfer-Encoding: chunked\r\n\r\n",
        big.content_type()
    );
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let _ = std::io::Write::write_all(&mut stream, &chunked);
    assert_eq!(support::Reply::read(&mut stream).status, 413, "not announced");
    let long = manifest(&"x".repeat(6_000), "[]");
    assert_eq!(site.put("m", &Form::default().part("model.json", long.as_bytes())).status, 413);
    let several = Form::default()
        .part("model.json", manifest("x", TWO_FILES).as_bytes())
        .part("a.bin", b"12345")
        .part("d/b.bin", b"6789012")
        .part("c.bin", b"yz");
    assert_eq!(site.put("m", &several).status, 413, "parts");
    assert!(site.files().is_empty());

    // Headers without end do not fill the memory.
    let site = Site::new();
    let endless = [format!("--{BOUNDARY}\r\nX: ").as_bytes(), &vec![b'x'; 8 << 20]].concat();
    assert_eq!(site.put("m", &Form(endless)).status, 400);
    let lines: Vec<String> = (0..100).map(|n| format!("X-{n}: 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(site.send("GET", "/health", &lines, &[]).status, 431);
}

#[test]
fn names_that_could_lead_anywhere_are_refused() {
    let site = Site::new();
    let form = Form::model(b"abcd");
    for name in [
        "../m",
        "a/../m",
        "%2e%2e/m",
        "a%2f..%2fm",
        ".modelport-1/m",
        "a//m",
        "m/",
        "m%00",
        "a.json",
        "%ff",
    ] {
        let reply = site.put(name, &form);
        assert!(matches!(reply.status, 400 | 405), "{name}: {}", reply.status);
    }
    let reply = site.put("m/w.bin", &form);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("get, head")));
    assert!(site.files().is_empty());
    assert!(!site.root.path().parent().unwrap().join("m").exists());
}
