//! The cache: what is asked, what is not, and what happens to it.
#![cfg(all(feature = "cache", not(target_family = "wasm")))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use io_core::ErrorKind;
use io_http::{Cache, HttpOptions};
use support::{load, load_stream, model_json, noise, quick, server::Server, told};
use tempfile::TempDir;

/// What is served: version, checksums in the model file, bytes of the two weight files.
type Site = Arc<Mutex<(usize, bool, [Vec<u8>; 2])>>;

/// `/m/model.json`, `/m/a` and `/m/b`, with an `ETag` that is the version and the path.
fn start(integrity: bool) -> (Server, Site) {
    let site: Site = Arc::new(Mutex::new((1, integrity, [noise(3000, 1), noise(5000, 2)])));
    let shared = site.clone();
    let server = Server::start(move |exchange| {
        let (version, integrity, [a, b]) = shared.lock().unwrap().clone();
        let path = exchange.target.split('?').next().unwrap().to_owned();
        let body = match path.as_str() {
            "/m/model.json" => model_json(&[("a", &a), ("b", &b)], integrity).into_bytes(),
            "/m/a" => a,
            "/m/b" => b,
            _ => return exchange.answer(404, &[], b""),
        };
        let etag = format!("\"{version}{path}\"");
        if exchange.header("if-none-match") == Some(&etag) {
            return exchange.write(format!("HTTP/1.1 304 X\r\netag: {etag}\r\n\r\n").as_bytes());
        }
        exchange.file(&etag, &body)
    });
    (server, site)
}

fn cached(directory: &TempDir) -> HttpOptions {
    quick().with_cache(Cache::new(directory.path()))
}

fn expected(site: &Site) -> Vec<u8> {
    site.lock().unwrap().2.concat()
}

/// The requests since `from` that a body may have answered, by how many there are in all.
fn asked(server: &Server, from: usize) -> Vec<String> {
    let log = server.log();
    log[from..].iter().filter(|line| line.starts_with("GET")).cloned().collect()
}

fn files(directory: &TempDir, folder: &str) -> Vec<PathBuf> {
    let read = fs::read_dir(directory.path().join(folder)).unwrap();
    read.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_a_checksum_proves_is_not_asked_for_again() {
    let (server, site) = start(true);
    let (url, directory) = (server.url("/m/model.json?sig=hunter2"), TempDir::new().unwrap());
    for load in [load, load_stream] {
        assert_eq!(load(&url, cached(&directory)).unwrap(), expected(&site));
    }
    let weights = |path: &str| {
        server.log().iter().filter(|line| line.starts_with(&format!("GET {path}"))).count()
    };
    assert_eq!((weights("/m/a"), weights("/m/b"), weights("/m/model.json")), (1, 1, 2));
    // The same bytes are kept once, and a secret not at all.
    assert_eq!((files(&directory, "objects").len(), files(&directory, "entries").len()), (3, 3));
    assert!(files(&directory, "staging").is_empty());
    for file in files(&directory, "entries") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("/m/") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_no_checksum_proves_is_asked_for_by_its_version() {
    let (server, site) = start(false);
    let (url, directory) = (server.url("/m/model.json"), TempDir::new().unwrap());
    assert_eq!(load(&url, cached(&directory)).unwrap(), expected(&site));
    // Nothing has changed: all is asked for, and nothing comes.
    let objects = files(&directory, "objects");
    for object in &objects {
        // Another byte than the server has shows where it is from.
        if fs::metadata(object).unwrap().len() == 3000 {
            let mut bytes = fs::read(object).unwrap();
            bytes[0] ^= 1;
            fs::write(object, bytes).unwrap();
        }
    }
    // What is damaged is removed, and comes from the server.
    let before = server.log().len();
    assert_eq!(load(&url, cached(&directory).with_retries(0)).unwrap(), expected(&site));
    let again = asked(&server, before);
    assert_eq!(again.iter().filter(|line| line.starts_with("GET /m/a")).count(), 2, "{again:?}");

    // A new version replaces all; nothing of the old one is mixed in.
    *site.lock().unwrap() = (2, false, [noise(3000, 3), noise(5000, 4)]);
    assert_eq!(load(&url, cached(&directory)).unwrap(), expected(&site));
    assert_eq!(load_stream(&url, cached(&directory)).unwrap(), expected(&site));
}

/// What was handed out cannot be taken back, nor joined to what is right.
#[test]
fn a_copy_that_is_damaged_behind_what_was_read_fails_the_load_and_not_the_next() {
    let body = noise(5 << 20, 9);
    let json = model_json(&[("w", &body)], false);
    let sent = body.clone();
    let server = Server::start(move |exchange| {
        let body = if exchange.target == "/model.json" { json.as_bytes() } else { &sent };
        if exchange.header("if-none-match") == Some("\"x\"") {
            return exchange.write(b"HTTP/1.1 304 X\r\netag: \"x\"\r\n\r\n");
        }
        exchange.answer(200, &[("etag", "\"x\"")], body)
    });
    let (url, directory) = (server.url("/model.json"), TempDir::new().unwrap());
    load(&url, cached(&directory)).unwrap();
    for object in files(&directory, "objects") {
        let mut bytes = fs::read(&object).unwrap();
        if bytes.len() == body.len() {
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(object, bytes).unwrap();
        }
    }
    let error = load_stream(&url, cached(&directory)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.is_retryable() && error.to_string().contains("cache"), "{error}");
    assert!(load_stream(&url, cached(&directory)).unwrap() == body);
}

#[test]
fn offline_gives_one_version_or_none() {
    for integrity in [true, false] {
        let (server, site) = start(integrity);
        let (url, directory) = (server.url("/m/model.json"), TempDir::new().unwrap());
        let offline = || cached(&directory).with_offline(true);
        let error = load(&url, offline()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(error.to_string().contains("not in the cache"), "{error}");
        assert!(!error.is_retryable());

        assert_eq!(load(&url, cached(&directory)).unwrap(), expected(&site));
        let before = server.log().len();
        for load in [load, load_stream] {
            assert_eq!(load(&url, offline()).unwrap(), expected(&site), "{integrity}");
        }
        assert_eq!(server.log().len(), before);

        // Somebody saw a new model file, but not its weights.
        *site.lock().unwrap() = (2, integrity, [noise(3000, 5), noise(5000, 6)]);
        let handler = support::handler(&url, cached(&directory));
        futures::executor::block_on(io_core::IOHandler::load(&handler)).unwrap();
        let mixed = load(&url, offline());
        match integrity {
            true => assert_eq!(mixed.unwrap_err().kind(), ErrorKind::Network),
            // Without checksums the model file is the same text: its versions cannot be told apart,
            // and what is there was loaded with exactly that text.
            false => assert_eq!(mixed.unwrap(), [noise(3000, 1), noise(5000, 2)].concat()),
        }
    }
}

#[test]
fn a_cut_body_is_kept_only_when_it_is_whole() {
    let body = noise(4000, 9);
    let json = model_json(&[("w", &body)], false);
    let server = Server::start(move |exchange| match (exchange.target.as_str(), exchange.nth) {
        ("/model.json", _) => exchange.answer(200, &[("etag", "\"j\"")], json.as_bytes()),
        (_, 0) => exchange.cut(&[("etag", "\"w\"")], &body, 2500),
        (_, 1) => Err(std::io::ErrorKind::ConnectionAborted.into()),
        _ => exchange.file("\"w\"", &body),
    });
    let (url, directory) = (server.url("/model.json"), TempDir::new().unwrap());
    load(&url, cached(&directory).with_retries(0)).unwrap_err();
    assert_eq!(files(&directory, "objects").len(), 1, "only the model file");
    assert!(files(&directory, "staging").is_empty());
    load(&url, cached(&directory)).unwrap();
    assert_eq!(files(&directory, "objects").len(), 2);
}

#[test]
fn it_is_bounded_and_what_was_used_last_stays() {
    let (server, _) = start(true);
    let directory = TempDir::new().unwrap();
    let cache = Cache::new(directory.path()).with_max_bytes(9_000);
    let options = || quick().with_cache(cache.clone());
    load(&server.url("/m/model.json"), options()).unwrap();
    let bytes: u64 = cache.entries().unwrap().iter().map(|entry| entry.bytes).sum();
    assert!(bytes <= 9_000 && bytes > 8_000, "{bytes}");
    // Another server pushes the first one out.
    let (other, _) = start(false);
    load(&other.url("/m/model.json"), options()).unwrap();
    let entries = cache.entries().unwrap();
    let objects: u64 =
        files(&directory, "objects").iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(objects <= 9_000, "{objects}");
    assert!(entries.iter().any(|entry| entry.url.starts_with(&other.origin())), "{entries:?}");

    let gone = cache.remove(|entry| entry.url.ends_with("/model.json")).unwrap();
    assert!(!gone.is_empty());
    assert!(cache.entries().unwrap().iter().all(|entry| !entry.url.ends_with("/model.json")));
    cache.prune(0).unwrap();
    assert!(cache.entries().unwrap().is_empty() && files(&directory, "objects").is_empty());
    assert!(Cache::new(directory.path().join("none")).entries().unwrap().is_empty());
    assert!(Cache::new(directory.path().join("none")).prune(0).unwrap().is_empty());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let (server, _) = start(true);
    let directory = TempDir::new().unwrap();
    load(&server.url("/m/model.json"), cached(&directory)).unwrap();
    let (old, new) = (directory.path().join("staging/old"), directory.path().join("staging/new"));
    for path in [&old, &new] {
        fs::write(path, "half").unwrap();
    }
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(90_000);
    fs::File::options().write(true).open(&old).unwrap().set_modified(yesterday).unwrap();
    Cache::new(directory.path()).prune(u64::MAX).unwrap();
    assert_eq!(files(&directory, "staging"), [new]);
}

#[test]
fn many_at_once_see_whole_models_only() {
    let (server, site) = start(true);
    let (url, directory) = (server.url("/m/model.json"), TempDir::new().unwrap());
    let cache = Cache::new(directory.path());
    let models = [expected(&site), [noise(3000, 7), noise(5000, 8)].concat()];
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..8 {
                    match load(&url, quick().with_cache(cache.clone())) {
                        Ok(bytes) => assert!(models.contains(&bytes)),
                        // Of a model that is replaced meanwhile.
                        Err(error) => {
                            let known = [ErrorKind::Conflict, ErrorKind::Corrupt];
                            assert!(known.contains(&error.kind()), "{}", told(&error));
                        }
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..20 {
                cache.prune(4_000).unwrap();
                thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        thread::sleep(std::time::Duration::from_millis(20));
        *site.lock().unwrap() = (2, true, [noise(3000, 7), noise(5000, 8)]);
    });
    assert_eq!(load(&url, quick().with_cache(cache.clone())).unwrap(), models[1]);
}

#[test]
fn what_a_server_does_not_let_us_keep_is_not_kept() {
    let body = noise(400, 9);
    let json = model_json(&[("w", &body)], true);
    let server = Server::start(move |exchange| {
        let kept = [("cache-control", "private, no-store"), ("etag", "\"x\"")];
        let body = if exchange.target == "/model.json" { json.as_bytes() } else { &body };
        exchange.answer(200, &kept, body)
    });
    let directory = TempDir::new().unwrap();
    load(&server.url("/model.json"), cached(&directory)).unwrap();
    assert!(Cache::new(directory.path()).entries().unwrap().is_empty());
    assert_eq!(asked(&server, 0).len(), 2);
}

#[test]
fn a_cache_that_cannot_be_used_does_not_fail_a_load() {
    let (server, site) = start(true);
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let options = quick().with_cache(Cache::new(&file));
    assert_eq!(load(&server.url("/m/model.json"), options).unwrap(), expected(&site));
    // Entries that somebody has filled with anything.
    load(&server.url("/m/model.json"), cached(&directory)).unwrap();
    for entry in files(&directory, "entries") {
        fs::write(entry, r#"{"url":"x","sha256":"../../../etc/passwd","bytes":1}"#).unwrap();
    }
    assert_eq!(load(&server.url("/m/model.json"), cached(&directory)).unwrap(), expected(&site));
}
