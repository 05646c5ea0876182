//! What bytes that are not weights may be instead.

/// What `bytes`, the beginning of a file, look like when they are surely not plain weights: `an HTML
/// page`, `a Git LFS pointer`. For the text of an error that has another reason; weights may begin
/// with any bytes.
pub fn describe_foreign(bytes: &[u8]) -> Option<&'static str> {
    let magic = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, what)) = magic {
        return Some(what);
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let starts_with = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    if starts_with("<!doctype html") || starts_with("<html") || starts_with("<head") {
        Some("an HTML page")
    } else if starts_with("<?xml") {
        Some("an XML document")
    } else if is_json_start(text) {
        Some("a JSON document")
    } else {
        None
    }
}

/// Beginnings of files that people confuse with weights.
const MAGIC: &[(&[u8], &str)] = &[
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer"),
    (b"\x1f\x8b\x08", "gzip data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
];

/// Whether the text starts as an object with a key, or an array of objects, does.
fn is_json_start(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'{', rest)) => rest.trim_ascii_start().starts_with(b"\""),
        Some((b'[', rest)) => rest.trim_ascii_start().starts_with(b"{"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::describe_foreign;

    #[test]
    fn foreign_files_are_recognised() {
        for (bytes, what) in [
            (b"<!DOCTYPE html>\n<html>".as_slice(), Some("an HTML page")),
            (b"\n  <HTML lang=en>", Some("an HTML page")),
            (b"<?xml version=\"1.0\"?><Error>", Some("an XML document")),
            (b"version https://git-lfs.github.com/spec/v1\noid", Some("a Git LFS pointer")),
            (b"{\"message\": \"not found\"}", Some("a JSON document")),
            (b"[ {}", Some("a JSON document")),
            (b"\x1f\x8b\x08\0", Some("gzip data")),
            (b"PK\x03\x04rest", Some("a zip archive")),
            (b"\x89HDF\r\n\x1a\n\0", Some("an HDF5 file")),
            (b"", None),
            (b"{", None),
            (b"\0\0\x80\x3f\0\0\0\x40", None),
            (b"\xEF\xBB\xBF", None),
        ] {
            assert_eq!(describe_foreign(bytes), what);
        }
    }
}
