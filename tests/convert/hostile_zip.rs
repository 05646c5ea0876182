//! Archives from strangers: `.keras` files that are bombs or that lie.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    ops::Range,
};

use io_core::ErrorKind;

use super::hostile::{assert_refused, file, read_all};

/// An archive with these members, deflated.
pub(super) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The members of `k3-seq-dense/model.keras`.
pub(super) fn members() -> Vec<(String, Vec<u8>)> {
    let mut stored = zip::ZipArchive::new(Cursor::new(file("k3-seq-dense/model.keras"))).unwrap();
    let mut members = Vec::new();
    for index in 0..stored.len() {
        let mut member = stored.by_index(index).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        let name = member.name().unwrap().into_owned();
        members.push((name, bytes));
    }
    members
}

/// Members as [`archive`] takes them.
pub(super) fn borrowed(members: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}

#[test]
fn behaviour_18_deflated_members_in_any_order() {
    let mut members = members();
    let whole = read_all(file("k3-seq-dense/model.keras")).unwrap();
    for _ in 0..members.len() {
        members.rotate_left(1);
        assert_eq!(read_all(archive(&borrowed(&members))).unwrap(), whole);
    }
}

#[test]
fn behaviour_18_names_that_climb_and_bombs_are_refused() {
    for name in ["../config.json", "a/../../config.json", "/config.json", "..\\config.json", "c:x"]
    {
        let error = read_all(archive(&[(name, b"{}")])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}");
    }
    let bomb = vec![0; 200 << 20];
    let packed = archive(&[("config.json", b"{}"), ("model.weights.h5", &bomb)]);
    assert!(packed.len() < 1 << 20);
    let error = read_all(packed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("unpacks to more"), "{error}");
    // Nothing of the archive is Keras'.
    let error = read_all(archive(&[("readme.txt", b"hello")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// Where the field of `width` bytes is that is `skip` bytes after the last `signature`.
fn field(archive: &[u8], signature: &[u8], skip: usize, width: usize) -> Range<usize> {
    let at = archive.windows(4).rposition(|window| window == signature).unwrap() + skip;
    at..at + width
}

#[test]
fn behaviour_46_archives_that_are_meant_to_do_harm() {
    let root = tempfile::tempdir().unwrap();
    let (entry, end) = (b"PK\x01\x02", b"PK\x05\x06");
    let sound = archive(&borrowed(&members()));
    let changed = |skip, value: &[u8], signature: &[u8]| {
        let mut bytes = sound.clone();
        let place = field(&bytes, signature, skip, value.len());
        bytes[place].copy_from_slice(value);
        bytes
    };
    // Small as text, and many times larger once it is parsed.
    let list = format!("[{}0]", "0,".repeat(16 << 20));
    let zeros = vec![0; 256 << 20];
    // One member lies over the other.
    let mut overlapping = archive(&[("config.json", b"{}"), ("model.weights.h5", b"{}")]);
    let place = field(&overlapping, entry, 42, 4);
    overlapping[place].copy_from_slice(&0_u32.to_le_bytes());
    let many: Vec<_> = (0..60_000).map(|index| (format!("{index}"), Vec::new())).collect();

    for (name, bytes) in [
        ("list", archive(&[("config.json", list.as_bytes())])),
        ("zeros", archive(&[("config.json", b"{}"), ("model.weights.h5", &zeros)])),
        ("overlapping", overlapping),
        ("many", archive(&borrowed(&many))),
        ("more-entries", changed(10, &u16::MAX.to_le_bytes(), end)),
        ("one-entry-more", changed(10, &4_u16.to_le_bytes(), end)),
        ("long-directory", changed(12, &0x7fff_ffff_u32.to_le_bytes(), end)),
        ("directory-outside", changed(16, &0x7fff_ffff_u32.to_le_bytes(), end)),
        ("long-packed", changed(20, &0x7fff_ffff_u32.to_le_bytes(), entry)),
        ("short-packed", changed(20, &100_u32.to_le_bytes(), entry)),
        ("long-unpacked", changed(24, &0x7fff_ffff_u32.to_le_bytes(), entry)),
        ("short-unpacked", changed(24, &100_u32.to_le_bytes(), entry)),
        ("member-outside", changed(42, &0x7fff_ffff_u32.to_le_bytes(), entry)),
        ("long-name", changed(28, &u16::MAX.to_le_bytes(), entry)),
    ] {
        let path = root.path().join(format!("{name}.keras"));
        fs::write(&path, bytes).unwrap();
        assert_refused(&path);
    }
}
