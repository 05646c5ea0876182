//! From a URL to the keys of a model.
//!
//! The text after the bucket is the key, literally: `%20` is three characters and `?` is one.

use io_core::{Error, ErrorKind, ModelUrl, Result};
use object_store::path::Path;

/// The name of the JSON object under a model's prefix.
pub(crate) const MODEL_JSON: &str = "model.json";

/// No store has longer keys: a thousand characters of Azure may be four times as many bytes.
const MAX_KEY_BYTES: usize = 4096;

/// Where a model is in its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The prefix; weight objects are under it.
    pub(crate) directory: Path,
    /// The name of the JSON object in it.
    pub(crate) name: String,
}

impl Location {
    /// The model whose prefix, or whose JSON object, has this key.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when no object can have this key.
    pub(crate) fn new(key: &str) -> Result<Self> {
        let path = parse(key)?;
        let names_json = path.as_ref().ends_with(".json") && !key.ends_with('/');
        Ok(match path.filename().filter(|_| names_json) {
            Some(name) => {
                Self { directory: path.parent().unwrap_or_default(), name: name.to_owned() }
            }
            None => Self { directory: path, name: MODEL_JSON.to_owned() },
        })
    }

    /// The key of the JSON object.
    pub(crate) fn json(&self) -> Result<Path> {
        child(&self.directory, &self.name)
    }

    /// The name of the weight object when there is one, before it is made unique: as those of
    /// TensorFlow.js for files.
    pub(crate) fn weights_name(&self) -> String {
        match self.name.strip_suffix(".json") {
            Some(stem) if self.name != MODEL_JSON => format!("{stem}.weights.bin"),
            _ => "weights.bin".to_owned(),
        }
    }

    /// The key of a weight object by its path in the manifest, which has passed
    /// [`check_path`](io_manifest::check_path).
    pub(crate) fn weights(&self, path: &str) -> Result<Path> {
        io_manifest::check_path(path)?;
        let plain: Vec<&str> =
            path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
        child(&self.directory, &plain.join("/"))
    }
}

/// The object of this name, literally, under a prefix.
pub(crate) fn child(directory: &Path, name: &str) -> Result<Path> {
    // Not `Path::join`, which would encode the name.
    let directory = directory.as_ref();
    if directory.is_empty() { parse(name) } else { parse(&format!("{directory}/{name}")) }
}

/// The object with this key.
///
/// # Errors
///
/// `InvalidUrl` when no object can have it.
pub(crate) fn object(key: &str) -> Result<Path> {
    if key.is_empty() || key.ends_with('/') {
        return Err(Error::new(ErrorKind::InvalidUrl, "the URL names no object"));
    }
    parse(key)
}

fn parse(key: &str) -> Result<Path> {
    // The clients panic on an address that is too long.
    if key.len() > MAX_KEY_BYTES {
        let message = format!("the key is longer than {MAX_KEY_BYTES} bytes");
        return Err(Error::new(ErrorKind::InvalidUrl, message));
    }
    // The client passes over a slash at the start: two names for one object.
    let parsed = (!key.starts_with('/')).then(|| Path::parse(key).ok()).flatten();
    parsed.ok_or_else(|| {
        let message = "the key has an empty segment, `.`, `..` or a control character";
        Error::new(ErrorKind::InvalidUrl, message)
            .with_hint("the text after the bucket is the key, and such keys cannot be asked for")
    })
}

/// What stands before the keys in the URLs of a place, such as `s3://bucket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base(String);

impl Base {
    /// `authority` is what follows `://` in the URLs of this place, up to the keys.
    pub(crate) fn new(scheme: &str, authority: &str) -> Self {
        Self(format!("{scheme}://{authority}"))
    }

    /// The text of a URL after this base.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when the URL is of another place.
    pub(crate) fn key<'a>(&self, url: &'a ModelUrl) -> Result<&'a str> {
        let rest = url.as_str().strip_prefix(&self.0);
        match rest {
            Some("") => Ok(""),
            Some(rest) if rest.starts_with('/') => Ok(rest.get(1..).unwrap_or_default()),
            _ if self.0.ends_with('/') && rest.is_some() => Ok(rest.unwrap_or_default()),
            _ => Err(Error::new(ErrorKind::InvalidUrl, "the URL is not one of this store")),
        }
    }

    /// The URL of the model under the prefix `key`.
    pub(crate) fn url(&self, key: &Path) -> Result<ModelUrl> {
        let slash = if key.is_root() || self.0.ends_with('/') { "" } else { "/" };
        ModelUrl::parse(&format!("{}{slash}{key}", self.0))
    }
}

/// Cuts the text after `://` into the bucket and the key.
///
/// # Errors
///
/// `InvalidUrl` when there is no bucket, or something else stands there.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub(crate) fn split(url: &ModelUrl) -> Result<(&str, &str)> {
    let (bucket, key) = url.rest().split_once('/').unwrap_or((url.rest(), ""));
    if bucket.contains(':') || bucket.contains('@') && !url.scheme().starts_with("abfs") {
        // Whatever it is, it may be a password.
        return Err(Error::new(
            ErrorKind::InvalidUrl,
            "what stands before the key is not a bucket",
        )
        .with_hint("credentials are given as settings or in the environment"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@$".contains(c);
    if bucket.is_empty() || !bucket.chars().all(allowed) {
        return Err(Error::new(ErrorKind::InvalidUrl, "the URL has no bucket")
            .with_hint(format!("such URLs look like `{}://bucket/path/to/model`", url.scheme())));
    }
    Ok((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::{Base, Location};
    use io_core::{ErrorKind, ModelUrl};

    #[test]
    fn keys_are_literal() {
        for (key, json) in [
            ("m", "m/model.json"),
            ("m/", "m/model.json"),
            ("", "model.json"),
            ("a/x.json", "a/x.json"),
            ("a/x.json/", "a/x.json/model.json"),
            ("a b%20c/#1?x=1&y+z~[é]", "a b%20c/#1?x=1&y+z~[é]/model.json"),
        ] {
            assert_eq!(Location::new(key).unwrap().json().unwrap().as_ref(), json);
        }
        let long = "x".repeat(70_000);
        for key in ["a//b", "/a", "/", "a//", "a/../b", "./a", "a\0b", &long] {
            assert_eq!(Location::new(key).unwrap_err().kind(), ErrorKind::InvalidUrl, "{key}");
        }
    }

    #[test]
    fn weights_stay_under_the_prefix() {
        let location = Location::new("a/m").unwrap();
        assert_eq!(location.weights("./w//x%20.bin").unwrap().as_ref(), "a/m/w/x%20.bin");
        assert!(location.weights(&"x/".repeat(40_000)).is_err());
        for path in ["../w.bin", "/w.bin", "x/../../w.bin", "http://h/w.bin"] {
            assert_eq!(location.weights(path).unwrap_err().kind(), ErrorKind::Corrupt, "{path}");
        }
    }

    #[test]
    fn a_base_knows_its_own() {
        let base = Base::new("s3", "bucket");
        for (url, key) in [("s3://bucket", ""), ("s3://bucket/a/b", "a/b"), ("s3://bucket/", "")] {
            assert_eq!(base.key(&ModelUrl::parse(url).unwrap()).unwrap(), key);
        }
        for url in ["s3://bucket2/a", "gs://bucket/a"] {
            assert!(base.key(&ModelUrl::parse(url).unwrap()).is_err());
        }
    }
}
