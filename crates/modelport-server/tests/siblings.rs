//! Compressed files beside those that they were made of.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{fs, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use support::{Form, Reply, Site, weights_path};

/// The numbers up to 3000, compressed by Node and by `zstd -19`.
const COUNTING: [(&str, &str, &[u8]); 3] = [
    ("br", ".br", include_bytes!("fixtures/counting.bin.br")),
    ("zstd", ".zst", include_bytes!("fixtures/counting.bin.zst")),
    ("gzip", ".gz", include_bytes!("fixtures/counting.bin.gz")),
];

fn counting() -> Vec<u8> {
    (0..3_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// A site with one model, its folder, and the path of its weights.
fn site() -> (Site, PathBuf, String) {
    let site = Site::new();
    assert_eq!(site.put("m", &Form::model(&counting())).status, 201);
    let (folder, path) = (site.root.path().join("m"), weights_path(&site, "m"));
    (site, folder, path)
}

fn get(site: &Site, path: &str, accepted: &str, lines: &[&str]) -> Reply {
    let accept = format!("Accept-Encoding: {accepted}");
    site.send("GET", path, &[&[accept.as_str()], lines].concat(), &[])
}

#[test]
fn weights_come_in_the_form_that_the_client_takes() {
    let (site, folder, path) = site();
    let plain = get(&site, &path, "gzip, br, zstd", &[]);
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, None));
    for (_, suffix, compressed) in COUNTING {
        fs::write(folder.join(format!("weights.bin{suffix}")), compressed).unwrap();
    }
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for (coding, _, compressed) in COUNTING {
        let reply = get(&site, &path, coding, &[]);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, Some(coding)));
        assert!(reply.body == compressed, "{coding}");
        assert_eq!(reply.header("content-length"), Some(&*compressed.len().to_string()));
        assert_eq!(reply.header("vary"), Some("accept-encoding"));
        assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
        let tag = reply.header("etag").unwrap();
        let same = format!("If-None-Match: {tag}");
        let known = get(&site, &path, coding, &[&same]);
        assert_eq!((known.status, known.header("etag")), (304, Some(tag)));
        // Another form is another thing.
        assert_eq!(site.send("GET", &path, &[&same], &[]).status, 200);
        tags.push(tag.to_owned());

        let head = site.send("HEAD", &path, &[&format!("Accept-Encoding: {coding}")], &[]);
        assert_eq!((head.header("content-encoding"), head.body.len()), (Some(coding), 0));
        assert_eq!(head.header("content-length"), reply.header("content-length"));
    }
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
    for (accepted, expected) in [
        ("identity", None),
        ("br;q=0, zstd;q=0.2, gzip;q=0.9", Some("gzip")),
        ("gzip, deflate, br, zstd", Some("br")),
    ] {
        let reply = get(&site, &path, accepted, &[]);
        assert_eq!(reply.header("content-encoding"), expected, "{accepted}");
        assert_eq!(reply.header("vary"), Some("accept-encoding"));
    }
}

#[test]
fn ranges_are_of_the_bytes_as_they_are() {
    let (site, folder, path) = site();
    let plain = site.get(&path).header("etag").unwrap().to_owned();
    fs::write(folder.join("weights.bin.br"), COUNTING[0].2).unwrap();
    let whole = get(&site, &path, "br", &[]);
    let compressed = whole.header("etag").unwrap();

    let part = get(&site, &path, "br", &["Range: bytes=4-11"]);
    assert_eq!((part.status, part.header("content-encoding")), (206, None));
    assert_eq!((&part.body[..], part.header("etag")), (&counting()[4..12], Some(&*plain)));
    assert_eq!(part.header("content-range"), Some("bytes 4-11/12000"));
    assert_eq!(part.header("vary"), Some("accept-encoding"));
    // Whoever has the beginning of the compressed form cannot go on in the other one.
    let of = |tag: &str| {
        let reply = get(&site, &path, "br", &["Range: bytes=4-11", &format!("If-Range: {tag}")]);
        (reply.status, reply.header("content-encoding").map(str::to_owned), reply.body.len())
    };
    assert_eq!(of(compressed), (200, None, 12_000));
    assert_eq!(of(&plain), (206, None, 8));
}

#[test]
fn what_does_not_hold_the_same_bytes_is_passed_over() {
    let (site, folder, path) = site();
    let sibling = folder.join("weights.bin.gz");
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut other = counting();
    other[5_000] ^= 1;
    let bomb = gzip(&vec![0; 50 << 20]);
    let sound = gzip(&counting());
    for (what, content) in [
        ("other bytes", &gzip(&other)[..]),
        ("a part", &gzip(&counting()[..11_000])),
        ("cut", &sound[..sound.len() / 2]),
        ("more", &[&sound[..], b"more"].concat()),
        ("a bomb", &bomb),
        ("not compressed", &counting()),
        ("nothing", b""),
    ] {
        fs::write(&sibling, content).unwrap();
        let reply = get(&site, &path, "gzip", &[]);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, None), "{what}");
        assert!(reply.body == counting(), "{what}");
    }
    fs::remove_file(&sibling).unwrap();
    fs::create_dir(&sibling).unwrap();
    assert_eq!(get(&site, &path, "gzip", &[]).header("content-encoding"), None);
    fs::remove_dir(&sibling).unwrap();
    // The right one is noticed when it comes.
    fs::write(&sibling, &sound).unwrap();
    assert!(get(&site, &path, "gzip", &[]).body == sound);

    // And is one of an old version as soon as there is another.
    assert_eq!(site.put("m", &Form::model(&other)).status, 200);
    fs::write(&sibling, &sound).unwrap();
    let reply = get(&site, &weights_path(&site, "m"), "gzip", &[]);
    assert_eq!(reply.header("content-encoding"), None);
    assert!(reply.body == other);
}

#[test]
fn a_model_file_has_the_forms_that_were_made_of_what_is_served() {
    let (site, folder, _) = site();
    let path = "/models/m/model.json";
    let served = site.get(path).body;
    // That of the file on disk has other names for the weights in it.
    let on_disk = zstd_raw(&fs::read(folder.join("model.json")).unwrap());
    fs::write(folder.join("model.json.zst"), on_disk).unwrap();
    assert_eq!(get(&site, path, "zstd", &[]).header("content-encoding"), None);
    fs::write(folder.join("model.json.zst"), zstd_raw(&served)).unwrap();
    let reply = get(&site, path, "zstd", &[]);
    assert_eq!(reply.header("content-encoding"), Some("zstd"));
    assert_eq!(reply.header("cache-control"), Some("no-cache"));
    assert!(reply.body == zstd_raw(&served));
}

/// A frame of one block that is stored as it is, by RFC 8878.
fn zstd_raw(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    // Magic number; one segment, its length in four bytes.
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0xA0];
    frame.extend(length.to_le_bytes());
    frame.extend(&(length << 3 | 1).to_le_bytes()[..3]);
    frame.extend(bytes);
    frame
}
