//! Model files and weights: whole, in part, compressed, on conditions.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::time::{Duration, SystemTime};

use futures::executor::block_on;
use modelport::{HandlerOptions, ModelUrl};
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

/// As tfjs-node writes: into the files that are there, and without checksums.
#[test]
fn weights_that_were_written_over_are_not_sent_under_the_name_of_the_old_ones() {
    let site = Site::new();
    for length in [4, 5_000_000] {
        let dir = site.root.path().join(format!("m{length}"));
        std::fs::create_dir(&dir).unwrap();
        let (json, weights) = (dir.join("model.json"), dir.join("model.weights.bin"));
        let name = format!("m{length}");
        let write = |byte: u8, age: u64| {
            std::fs::write(&json, model_json("m", length / 4)).unwrap();
            std::fs::write(&weights, vec![byte; length]).unwrap();
            let modified = SystemTime::now() - Duration::from_secs(age);
            let file = std::fs::File::options().write(true).open(&json).unwrap();
            file.set_modified(modified).unwrap();
        };
        write(b'a', 90);
        let first = weights_path(&site, &name);
        assert!(site.get(&first).body == vec![b'a'; length]);

        // Both files, as a save does, and a part of them is asked for.
        write(b'b', 60);
        let part = site.send("GET", &first, &["Range: bytes=0-1"], &[]);
        assert_eq!((part.status, site.get(&first).status), (404, 404), "{length}");
        let second = weights_path(&site, &name);
        assert!(site.get(&second).body == vec![b'b'; length]);

        // The weights alone, which nothing but their checksum tells.
        std::fs::write(&weights, vec![b'c'; length]).unwrap();
        let cut = site.get(&second);
        assert!(cut.status == 404 || cut.body.len() < length, "{}", cut.status);
        assert_eq!(site.get(&second).status, 404, "{length}");
        assert!(site.get(&weights_path(&site, &name)).body == vec![b'c'; length]);
    }
}

/// As two saves from elsewhere into a bucket may have.
#[test]
fn two_versions_of_one_second_are_told_apart() {
    let site = Site::new();
    let json = site.root.path().join("m/model.json");
    let second = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    // A test that is slow is still in time.
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(second + 1);
    let save = |bytes: &[u8]| {
        let elsewhere = Site::new();
        elsewhere.put("m", &Form::model(bytes));
        let from = elsewhere.root.path().join("m");
        std::fs::create_dir_all(json.parent().unwrap()).unwrap();
        for file in ["weights.bin", "model.json"] {
            let staged = site.root.path().join(file);
            std::fs::copy(from.join(file), &staged).unwrap();
            let staged_file = std::fs::File::options().write(true).open(&staged).unwrap();
            staged_file.set_modified(second).unwrap();
            std::fs::rename(staged, json.with_file_name(file)).unwrap();
        }
    };
    for bytes in [b"abcd", b"efgh"] {
        save(bytes);
        assert_eq!(site.get(&weights_path(&site, "m")).body, bytes);
    }
}

/// What the store knows of the weights is not read from them.
#[test]
fn weights_of_a_checksum_are_not_read_before_they_are_asked_for() {
    let site = Site::new();
    let weights: Vec<u8> = (0..=255).cycle().take(5_000_000).collect();
    site.put("m", &Form::model(&weights));
    let stored = site.root.path().join("m/weights.bin");
    // Whoever reads it finds no byte of it, or not those that it should have.
    std::fs::write(&stored, vec![0; weights.len()]).unwrap();
    let path = weights_path(&site, "m");
    let head = site.get("/models/m/model.json");
    assert_eq!(head.status, 200);

    // What is sent is verified: the body is not whole.
    let cut = site.get(&path);
    assert_eq!((cut.status, cut.header("content-length")), (200, Some("5000000")));
    assert!(cut.body.len() < weights.len(), "{} bytes", cut.body.len());

    // The tag is the one of the bytes that belong there.
    std::fs::write(&stored, &weights).unwrap();
    let whole = site.get(&path);
    assert!(whole.body == weights);
    assert_eq!(whole.header("etag"), cut.header("etag"));
}

#[test]
fn entity_tags_are_those_of_the_bytes_however_the_store_keeps_them() {
    let site = Site::new();
    let weights: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
    site.put("whole", &Form::model(&weights));
    let url = |name: &str| {
        let url = format!("file://{}", site.root.path().join(name).display());
        ModelUrl::parse(&url).unwrap()
    };
    let model = |name: &str| {
        let options = HandlerOptions::new();
        modelport::registry().unwrap().handler(&url(name), &options).unwrap()
    };
    // In files that have checksums, and as TensorFlow.js leaves it.
    let sharded = HandlerOptions::new().with_shard_bytes(7_001.try_into().unwrap());
    let sharded = modelport::registry().unwrap().handler(&url("sharded"), &sharded).unwrap();
    block_on(async { sharded.save(model("whole").load().await.unwrap()).await }).unwrap();
    let files = site.files();
    assert!(files.len() > 20, "{files:?}");
    let plain = site.root.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    std::fs::write(plain.join("model.json"), model_json("m", weights.len() / 4)).unwrap();
    std::fs::write(plain.join("model.weights.bin"), &weights).unwrap();

    let tags = ["whole", "sharded", "plain"].map(|name| {
        let reply = site.get(&weights_path(&site, name));
        assert!(reply.body == weights, "{name}");
        reply.header("etag").unwrap().to_owned()
    });
    assert!(tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");
}

#[test]
fn a_damaged_model_is_named_as_such_and_its_place_is_not() {
    let site = Site::new();
    site.put("m", &Form::model(b"abcd"));
    let path = weights_path(&site, "m");
    let stored = site.root.path().join("m/weights.bin");
    std::fs::write(&stored, b"abcX").unwrap();
    assert_damaged(&site, &path);
    // One of another length is noticed before anybody asks for it.
    std::fs::write(&stored, b"abcde").unwrap();
    touch(&site.root.path().join("m/model.json"));
    assert_damaged(&site, "/models/m/model.json");
}

fn assert_damaged(site: &Site, path: &str) {
    let reply = site.get(path);
    assert_eq!((reply.status, reply.kind().as_str()), (500, "Corrupt"), "{path}");
    let said = String::from_utf8(reply.body).unwrap();
    assert!(!said.contains(site.root.path().to_str().unwrap()), "{said}");
}

/// Puts a copy in the place of the file: another version, of which nothing is known.
fn touch(path: &std::path::Path) {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    std::fs::rename(copy, path).unwrap();
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
