//! Model files and weights: whole, in part, compressed, on conditions.

mod support;

use support::{Form, Site, manifest, model_json, weights_path};

#[test]
fn weights_are_served_whole_and_in_part() {
    let site = Site::new();
    let weights: Vec<u8> = (0..=255).cycle().take(5_000_000).collect();
    assert_eq!(site.put("m", &Form::model(&weights)).status, 201);
    let path = weights_path(&site, "m");
    let whole = site.get(&path);
    assert_eq!((whole.status, whole.body.len()), (200, weights.len()));
    assert!(whole.body == weights);
    assert_eq!(whole.header("content-length"), Some("5000000"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert!(whole.header("cache-control").unwrap().contains("immutable"));
    let tag = whole.header("etag").unwrap().to_owned();

    let part = site.send("GET", &path, &["Range: bytes=2097150-2097155"], &[]);
    assert_eq!(part.header("content-range"), Some("bytes 2097150-2097155/5000000"));
    assert_eq!((part.status, &part.body[..]), (206, &weights[2_097_150..2_097_156]));
    let none = site.send("GET", &path, &["Range: bytes=5000000-"], &[]);
    assert_eq!((none.status, none.header("content-range")), (416, Some("bytes */5000000")));
    let other = site.send("GET", &path, &["Range: bytes=0-3", "If-Range: \"other\""], &[]);
    assert_eq!((other.status, other.body.len()), (200, weights.len()));
    let same = site.send("GET", &path, &["Range: bytes=0-3", &format!("If-Range: {tag}")], &[]);
    assert_eq!((same.status, same.body.len()), (206, 4));
    let known = site.send("GET", &path, &[&format!("If-None-Match: {tag}")], &[]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(&tag[..])));

    let head = site.send("HEAD", &path, &[], &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("5000000"));
}

#[test]
fn model_files_have_a_compressed_form_with_a_tag_of_its_own() {
    let site = Site::new();
    let json = manifest(&"x".repeat(3_000), r#"[{"paths":["w.bin"],"weights":[]}]"#);
    let form = Form::default().part("model.json", json.as_bytes()).part("w.bin", b"");
    assert_eq!(site.put("m", &form).status, 201);
    let path = "/models/m/model.json";
    let plain = site.get(path);
    let short = site.send("GET", path, &["Accept-Encoding: gzip"], &[]);
    assert_eq!(
        (plain.header("content-encoding"), short.header("content-encoding")),
        (None, Some("gzip"))
    );
    assert_eq!(
        (plain.header("vary"), short.header("vary")),
        (Some("accept-encoding"), Some("accept-encoding"))
    );
    assert_ne!(plain.header("etag"), short.header("etag"));
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&short.body[..]), &mut read)
        .unwrap();
    assert_eq!(read, plain.body);
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    let again = format!("If-None-Match: {}", plain.header("etag").unwrap());
    assert_eq!(site.send("GET", path, &[&again], &[]).status, 304);
}

/// Whoever writes into the store without asking the server is seen at the next request.
#[test]
fn a_model_that_somebody_else_replaced_is_another_version() {
    let site = Site::new();
    site.put("m", &Form::model(b"abcd"));
    let old = weights_path(&site, "m");
    let tag = site.get("/models/m/model.json").header("etag").unwrap().to_owned();
    let dir = site.root.path().join("m");
    std::fs::write(dir.join("other.bin"), b"efgh").unwrap();
    let json = model_json("m", 1).replace("./model.weights.bin", "other.bin");
    std::fs::write(dir.join("new.json"), json).unwrap();
    std::fs::rename(dir.join("new.json"), dir.join("model.json")).unwrap();
    assert_eq!(site.get(&old).status, 404, "the old weights are gone");
    let changed =
        site.send("GET", "/models/m/model.json", &[&format!("If-None-Match: {tag}")], &[]);
    assert_eq!(changed.status, 200);
    assert_eq!(site.get(&weights_path(&site, "m")).body, b"efgh");
}

#[test]
fn a_damaged_model_is_named_as_such_and_its_place_is_not() {
    let site = Site::new();
    site.put("m", &Form::model(b"abcd"));
    let weights = site.root.path().join("m/weights.bin");
    std::fs::write(&weights, b"abcX").unwrap();
    let reply = site.get("/models/m/model.json");
    assert_eq!((reply.status, reply.kind().as_str()), (500, "Corrupt"));
    assert!(!String::from_utf8(reply.body).unwrap().contains(site.root.path().to_str().unwrap()));
}

#[test]
fn a_model_leads_to_its_file_and_what_is_not_there_is_not_found() {
    let site = Site::new();
    site.put("a/b%20c", &Form::model(b"abcd"));
    let reply = site.get("/models/a/b%20c?x=1");
    assert_eq!(reply.status, 308);
    assert_eq!(reply.header("location"), Some("/models/a/b%20c/model.json?x=1"));
    for path in
        ["/models/no", "/models/no/model.json", "/models/a/b%20c/weights.bin", "/", "/models/a"]
    {
        let reply = site.get(path);
        assert_eq!((reply.status, reply.kind().as_str()), (404, "NotFound"), "{path}");
    }
}
