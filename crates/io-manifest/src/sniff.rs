//! Detects files that are neither weights nor a model file by their signatures.

/// Returns what `bytes`, the beginning of a file or all of it, look like when they are surely not
/// plain weights: `an HTML page`, `a Git LFS pointer`, `a TensorFlow Lite model`. For the text of an
/// error that has another reason; weights may begin with any bytes.
///
/// # Examples
///
/// ```
/// use io_manifest::describe_foreign;
///
/// assert_eq!(describe_foreign(b"\x1c\0\0\0TFL3"), Some("a TensorFlow Lite model"));
/// assert_eq!(describe_foreign(b"\0\0\x80\x3f"), None);
/// ```
pub fn describe_foreign(bytes: &[u8]) -> Option<&'static str> {
    detect(bytes).map(|format| format.what)
}

/// Returns what to do with a file that [`describe_foreign`] recognizes, where there is a next step.
///
/// # Examples
///
/// ```
/// use io_manifest::foreign_hint;
///
/// assert!(foreign_hint(b"\x89HDF\r\n\x1a\n").unwrap().contains("modelport convert"));
/// ```
pub fn foreign_hint(bytes: &[u8]) -> Option<&'static str> {
    detect(bytes).and_then(|format| format.hint)
}

/// A format that is told by its signature.
struct Foreign {
    what: &'static str,
    hint: Option<&'static str>,
}

const fn foreign(what: &'static str, hint: &'static str) -> Foreign {
    Foreign { what, hint: Some(hint) }
}

const fn bare(what: &'static str) -> Foreign {
    Foreign { what, hint: None }
}

const CONVERT: &str = "`modelport convert FILE DIRECTORY` makes a TensorFlow.js model of it";
const EXPORT: &str =
    "modelport does not read this format; convert the Keras model that it was made from";
const UNPACK: &str = "unpack it first";
const TENSORS: &str =
    "modelport does not read this format; a .safetensors file of its tensors can be converted";
const SAVED_MODEL: &str = "modelport does not read SavedModels; save the model as .keras or .h5 and \
     convert that, or use tensorflowjs_converter";

const HTML: Foreign = bare("an HTML page");
const XML: Foreign = bare("an XML document");
const JSON: Foreign = bare("a JSON document");
const KERAS: Foreign = foreign("a Keras 3 file (.keras)", CONVERT);
const TORCH: Foreign = foreign("a PyTorch file", TENSORS);
const NUMPY_ARCHIVE: Foreign = foreign("a NumPy archive (.npz)", TENSORS);
const ZIP: Foreign = foreign("a zip archive", UNPACK);
const SAFETENSORS: Foreign = foreign("a safetensors file", CONVERT);
const TFLITE: Foreign = foreign("a TensorFlow Lite model", EXPORT);
const TAR: Foreign = foreign("a tar archive", UNPACK);
const PICKLE: Foreign = foreign("a Python pickle", TENSORS);
const SAVED: Foreign = foreign("a TensorFlow SavedModel (saved_model.pb)", SAVED_MODEL);
const GRAPH: Foreign = foreign("a TensorFlow graph (frozen .pb)", SAVED_MODEL);
const ONNX: Foreign = foreign("an ONNX model", EXPORT);
const CHECKPOINT: Foreign = foreign("the index of a TensorFlow checkpoint", SAVED_MODEL);
const UTF_16: Foreign = foreign("UTF-16 text", "save it as UTF-8");

/// Signatures at the very beginning.
const MAGIC: &[(&[u8], Foreign)] = &[
    (
        b"version https://git-lfs.github.com/spec/",
        foreign("a Git LFS pointer", "`git lfs pull` fetches the file itself"),
    ),
    (b"\x1f\x8b\x08", foreign("gzip data", UNPACK)),
    (b"\x28\xb5\x2f\xfd", foreign("zstd data", UNPACK)),
    (b"\xfd7zXZ\0", foreign("xz data", UNPACK)),
    (b"BZh", foreign("bzip2 data", UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", foreign("a 7z archive", UNPACK)),
    (b"\x89HDF\r\n\x1a\n", foreign("an HDF5 file", CONVERT)),
    (b"\x93NUMPY", foreign("a NumPy file", TENSORS)),
    (b"GGUF", foreign("a GGUF file", TENSORS)),
    (b"GGML", foreign("a GGML file", TENSORS)),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", TORCH),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"%PDF-", bare("a PDF document")),
    (b"\x89PNG\r\n\x1a\n", bare("a PNG image")),
];

fn detect(bytes: &[u8]) -> Option<&'static Foreign> {
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(format);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(archive(bytes));
    }
    binary(bytes).or_else(|| text(bytes))
}

fn text(bytes: &[u8]) -> Option<&'static Foreign> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let starts_with = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    if starts_with("<!doctype html") || starts_with("<html") || starts_with("<head") {
        Some(&HTML)
    } else if starts_with("<?xml") {
        Some(&XML)
    } else if is_json_start(text) {
        Some(&JSON)
    } else if text.starts_with(b"{\0") || text.starts_with(b"\0{") || text.starts_with(b"[\0") {
        // Without a byte order mark.
        Some(&UTF_16)
    } else {
        None
    }
}

/// Whether the text starts as an object with a key, or an array of objects, does.
fn is_json_start(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'{', rest)) => rest.trim_ascii_start().starts_with(b"\""),
        Some((b'[', rest)) => rest.trim_ascii_start().starts_with(b"{"),
        _ => false,
    }
}

/// How much of either end of an archive is searched for the names of its files.
const ARCHIVE_BYTES: usize = 4096;

/// What a zip archive holds, by the names in its first entries and in its directory.
fn archive(bytes: &[u8]) -> &'static Foreign {
    let head = bytes.get(..ARCHIVE_BYTES).unwrap_or(bytes);
    let tail = bytes.get(bytes.len().saturating_sub(ARCHIVE_BYTES)..).unwrap_or_default();
    let names = |name: &[u8]| [head, tail].iter().any(|part| contains(part, name));
    let first = bytes.get(30..).unwrap_or_default();
    let first_length = bytes.get(26..28).and_then(|length| length.try_into().ok());
    let first_length = usize::from(first_length.map_or(0, u16::from_le_bytes));
    let first = first.get(..first_length).unwrap_or_default();
    if names(b"model.weights.h5") || (first == b"metadata.json" && names(b"config.json")) {
        &KERAS
    } else if names(b"/data.pkl") || names(b".data/serialization_id") {
        &TORCH
    } else if first.ends_with(b".npy") {
        &NUMPY_ARCHIVE
    } else {
        &ZIP
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The last bytes of the table that is the index of a checkpoint.
const TABLE_END: &[u8] = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb";

/// Formats whose signature is not a fixed beginning.
fn binary(bytes: &[u8]) -> Option<&'static Foreign> {
    if bytes.get(4..8) == Some(b"TFL3") {
        Some(&TFLITE)
    } else if bytes.get(257..262) == Some(b"ustar") {
        Some(&TAR)
    } else if is_safetensors(bytes) {
        Some(&SAFETENSORS)
    } else if bytes.ends_with(TABLE_END) {
        Some(&CHECKPOINT)
    } else if is_pickle(bytes) {
        Some(&PICKLE)
    } else {
        protobuf(bytes)
    }
}

/// The longest header that a reader of safetensors takes.
const SAFETENSORS_HEADER: u64 = 100_000_000;

fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return false };
    let begins = rest.starts_with(b"{\"") || rest.starts_with(b"{}");
    begins && u64::from_le_bytes(*length) <= SAFETENSORS_HEADER
}

/// A protocol number, and an operation that such a file begins with.
fn is_pickle(bytes: &[u8]) -> bool {
    match bytes {
        [0x80, 2 | 3, operation, ..] => b"}](cXqK)".contains(operation),
        [0x80, 4 | 5, 0x95, ..] => true,
        _ => false,
    }
}

/// TensorFlow and ONNX write protocol buffers, which have no signature: their first fields tell.
fn protobuf(bytes: &[u8]) -> Option<&'static Foreign> {
    match bytes {
        // The version of the schema, and a graph.
        [0x08, 0x01, 0x12, ..] => Some(&SAVED),
        // The version of the format, and the name of the producer, which is a word.
        [0x08, 3..=32, 0x12, length, name @ ..] => {
            let name = name.get(..usize::from(*length)).filter(|name| !name.is_empty())?;
            name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ').then_some(&ONNX)
        }
        // A node: its name and its operation.
        [0x0a, rest @ ..] => {
            let node = after_varint(rest)?.strip_prefix(b"\x0a")?;
            let (length, rest) = node.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            let operation = rest.strip_prefix(b"\x12")?;
            let (length, rest) = operation.split_first()?;
            let operation = rest.get(..usize::from(*length).min(rest.len()))?;
            let is_name = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
            (is_name(name) && is_name(operation)).then_some(&GRAPH)
        }
        _ => None,
    }
}

/// What follows a number of at most five bytes.
fn after_varint(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)?;
    bytes.get(end + 1..)
}

#[cfg(test)]
mod tests {
    use super::{describe_foreign, foreign_hint};

    /// A zip archive whose first entry has this name, and a directory with the others.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(26, 0);
        bytes.extend(u16::try_from(names[0].len()).unwrap().to_le_bytes());
        bytes.extend([0; 2]);
        bytes.extend(names[0].bytes());
        bytes.extend(vec![7; 10_000]);
        names.iter().for_each(|name| bytes.extend(name.bytes()));
        bytes
    }

    #[test]
    fn foreign_files_are_recognized() {
        let mut tar = vec![b'a'; 257];
        tar.extend(b"ustar\0");
        let index = [b"\0\0\x02\x08\x01".as_slice(), &[0; 40], super::TABLE_END].concat();
        for (bytes, what) in [
            (b"<!DOCTYPE html>\n<html>".as_slice(), Some("an HTML page")),
            (b"\n  <HTML lang=en>", Some("an HTML page")),
            (b"<?xml version=\"1.0\"?><Error>", Some("an XML document")),
            (b"version https://git-lfs.github.com/spec/v1\noid", Some("a Git LFS pointer")),
            (b"{\"message\": \"not found\"}", Some("a JSON document")),
            (b"[ {}", Some("a JSON document")),
            (b"\x1f\x8b\x08\0", Some("gzip data")),
            (b"PK\x03\x04rest", Some("a zip archive")),
            (&zip(&["model.json", "weights.bin"]), Some("a zip archive")),
            (
                &zip(&["metadata.json", "config.json", "model.weights.h5"]),
                Some("a Keras 3 file (.keras)"),
            ),
            (&zip(&["archive/data.pkl", "archive/version"]), Some("a PyTorch file")),
            (&zip(&["x/.format_version", "x/data.pkl"]), Some("a PyTorch file")),
            (&zip(&["arr_0.npy"]), Some("a NumPy archive (.npz)")),
            (b"\x89HDF\r\n\x1a\n\0", Some("an HDF5 file")),
            (b"\x1c\0\0\0TFL3\0\0", Some("a TensorFlow Lite model")),
            (b"GGUF\x03\0\0\0", Some("a GGUF file")),
            (b"\x08\x07\x12\x07pytorch\x1a", Some("an ONNX model")),
            (b"\x08\x01\x12\x05abc", Some("a TensorFlow SavedModel (saved_model.pb)")),
            (b"\x0a\x08\x0a\x01x\x12\x03Foo", Some("a TensorFlow graph (frozen .pb)")),
            (b"\x0a\x80\x10\x0a\x01x\x12\x0bPlaceholder", Some("a TensorFlow graph (frozen .pb)")),
            (b"\x80\x04\x95\x10\0", Some("a Python pickle")),
            (b"\x80\x02}q\0", Some("a Python pickle")),
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", Some("a PyTorch file")),
            (b"\x02\0\0\0\0\0\0\0{}", Some("a safetensors file")),
            (&index, Some("the index of a TensorFlow checkpoint")),
            (b"\xff\xfe{\0\"\0", Some("UTF-16 text")),
            (b"{\0\"\0", Some("UTF-16 text")),
            (b"\0{\0\"", Some("UTF-16 text")),
            (&tar, Some("a tar archive")),
            (b"", None),
            (b"{", None),
            (b"\0\0\x80\x3f\0\0\0\x40", None),
            (b"\xEF\xBB\xBF", None),
            (b"\x0a", None),
            (b"\x0a\xff\xff\xff\xff\xff\xff", None),
            (b"\x0a\x05\x0a\xffx", None),
            (b"\x08\x07\x12\xff", None),
            (b"\x80\x02\xff", None),
        ] {
            assert_eq!(describe_foreign(bytes), what, "{bytes:?}");
        }
    }

    #[test]
    fn a_file_that_can_be_converted_says_so() {
        for bytes in [
            b"\x89HDF\r\n\x1a\n".as_slice(),
            b"\x02\0\0\0\0\0\0\0{}",
            &zip(&["config.json", "model.weights.h5"]),
        ] {
            assert!(foreign_hint(bytes).unwrap().contains("modelport convert"), "{bytes:?}");
        }
        assert!(foreign_hint(b"\xff\xfe{\0").unwrap().contains("UTF-8"));
        assert_eq!(foreign_hint(b"<html>"), None);
    }
}
