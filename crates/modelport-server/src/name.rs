//! The names of models, and what a path below `/models/` asks for.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// The name of the model file.
pub(crate) const MODEL_JSON: &str = "model.json";

const MAX_NAME_BYTES: usize = 1024;
const MAX_SEGMENT_BYTES: usize = 200;
const MAX_SEGMENTS: usize = 32;

/// The name of a model on a server: segments between slashes.
///
/// Every name can be a path on every system, and none leaves the place of the models: no segment is
/// empty, begins with a dot, ends with a dot or a space, or is the name of a device; there are no
/// control characters and none of `\ : * ? " < > | # %`; names of model and weight files (`.json`,
/// `.bin`) are reserved; and none is too long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName(String);

impl ModelName {
    /// Reads a name; not percent-decoded.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is not allowed; the message says why.
    pub fn parse(name: &str) -> io_core::Result<Self> {
        let invalid = |why| Err(io_core::Error::new(io_core::ErrorKind::InvalidInput, why));
        if name.len() > MAX_NAME_BYTES || name.split('/').count() > MAX_SEGMENTS {
            return invalid("the name of the model is too long");
        }
        match name.split('/').find_map(refusal) {
            Some(why) => invalid(why),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a segment is not allowed.
fn refusal(segment: &str) -> Option<&'static str> {
    let lower = segment.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    if segment.is_empty() {
        Some("the name of the model has an empty segment")
    } else if segment.len() > MAX_SEGMENT_BYTES {
        Some("a segment of the model's name is too long")
    } else if segment.starts_with('.') {
        Some("a segment of the model's name begins with a dot")
    } else if segment.ends_with(['.', ' ']) || segment.starts_with(' ') {
        Some("a segment of the model's name begins or ends with a space, or ends with a dot")
    } else if !has_plain_characters(segment) {
        Some("the name of the model has a character that is not allowed")
    } else if lower.ends_with(".json") || lower.ends_with(".bin") {
        Some("names that end with `.json` or `.bin` are reserved for files")
    } else if is_device(stem) {
        Some("a segment of the model's name is reserved")
    } else {
        None
    }
}

/// Whether no character of a segment means something in a path or a URL of any system.
pub(crate) fn has_plain_characters(segment: &str) -> bool {
    !segment.contains(|c: char| c.is_control() || "/\\:*?\"<>|#%".contains(c))
}

/// The names that Windows keeps for devices, in every directory and with any extension.
fn is_device(stem: &str) -> bool {
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")).is_some_and(|number| {
            number.len() == 1 && number.starts_with(|c: char| c.is_ascii_digit() && c != '0')
        })
}

/// What a path below `/models/` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A model.
    Model(ModelName),
    /// One of its files.
    File(ModelName, String),
}

impl Target {
    /// Reads a path like [`parse`](Self::parse), but takes its last segment for a file, whatever it
    /// is called. `None` when it cannot be that of a file beside a model.
    pub(crate) fn beside(path: &str) -> Option<(ModelName, String)> {
        let (model, file) = path.rsplit_once('/')?;
        let file = percent_decode_str(file).decode_utf8().ok()?;
        let is_file = has_plain_characters(&file) && file.len() <= MAX_SEGMENT_BYTES;
        match Self::parse(model).ok()? {
            Self::Model(name) if is_file => Some((name, file.into_owned())),
            _ => None,
        }
    }

    /// Reads the path after `/models/`, still percent-encoded. Each segment is decoded by itself:
    /// an encoded slash is not a slash.
    pub(crate) fn parse(path: &str) -> Result<Self, Problem> {
        let decoded = path.split('/').map(|segment| {
            let segment = percent_decode_str(segment).decode_utf8().ok()?;
            (!segment.contains('/')).then_some(segment)
        });
        let segments: Option<Vec<_>> = decoded.collect();
        let mut segments = segments.ok_or_else(|| {
            Problem::bad_request("a segment of the path is not UTF-8, or has a slash in it")
        })?;
        let file = match segments.as_slice() {
            [_, .., last] if last.ends_with(".json") || last.ends_with(".bin") => segments.pop(),
            _ => None,
        };
        let name = ModelName::parse(&segments.join("/")).map_err(Problem::from_input)?;
        Ok(match file {
            Some(file) => Self::File(name, file.into_owned()),
            None => Self::Model(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ModelName, Target};

    #[test]
    fn names_are_paths_that_stay_inside_on_every_system() {
        for name in ["m", "team/a b/v1.2", "é/文", "a--b_c+d@e=f,(g)", "console", "com10", "bin"]
        {
            assert_eq!(ModelName::parse(name).unwrap().as_str(), name);
        }
        let long = "a".repeat(201);
        let deep = ["a"; 33].join("/");
        for name in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "../a",
            ".modelport-x/a",
            ".a",
            "a.",
            "a ",
            " a",
            "a\\b",
            "c:a",
            "a\0b",
            "a\nb",
            "a\u{85}b",
            "a?b",
            "a#b",
            "a%2fb",
            "m.json",
            "a/model.json",
            "a/M.JSON/b",
            "w.bin/a",
            "CON",
            "a/nul.txt",
            "com1",
            "lpt9.x",
            &long,
            &deep,
        ] {
            assert!(ModelName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_path_asks_for_a_model_or_for_one_of_its_files() {
        let model = |name| Target::Model(ModelName::parse(name).unwrap());
        let file = |name, file: &str| Target::File(ModelName::parse(name).unwrap(), file.into());
        for (path, expected) in [
            ("a", Some(model("a"))),
            ("a/b%20c", Some(model("a/b c"))),
            ("a/b/model.json", Some(file("a/b", "model.json"))),
            ("a/w%2Ebin", Some(file("a", "w.bin"))),
            ("model.json", None),
            ("a%2Fb", None),
            ("a/%2e%2e/b", None),
            ("..%2fa", None),
            ("a/..", None),
            ("a/%ff", None),
            ("a/", None),
            ("a/%00", None),
        ] {
            assert_eq!(Target::parse(path).ok(), expected, "{path}");
        }
    }
}
