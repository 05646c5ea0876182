//! What counts as a URL: text with a scheme, or a path.

use std::path::Path;

use io_core::{Error, ErrorKind, ModelUrl, Result, collapsed_url};

use crate::{KNOWN_SCHEMES, registry};

/// Returns the URL that `text` means: itself when it begins with `scheme://`, else the file of that
/// path.
///
/// A path is taken literally: nothing is expanded, decoded or made absolute. A path that has `://`
/// in it is told from a URL by a `/` or `\` before that, as in `./a://b`. A known scheme, of this
/// build or not, that `:` follows but not `://` is an error: path joiners make `s3:/bucket/m` of
/// `s3://bucket/m`, and a save to that path would not reach the bucket. `./s3:/bucket/m` is the path.
///
/// # Examples
///
/// ```
/// assert_eq!(modelport::url("models/m")?.as_str(), "file://models/m");
/// assert_eq!(modelport::url("s3://bucket/m")?.scheme(), "s3");
/// assert!(modelport::url("s3:/bucket/m").is_err());
/// assert_eq!(modelport::url("./s3:/bucket/m")?.as_str(), "file://./s3:/bucket/m");
/// # Ok::<(), modelport::Error>(())
/// ```
///
/// # Errors
///
/// `InvalidUrl` when `text` is empty, what stands before `://` is not a scheme, or a known scheme is
/// not followed by `://`.
pub fn url(text: &str) -> Result<ModelUrl> {
    if text.is_empty() {
        return Err(Error::new(ErrorKind::InvalidUrl, "the URL is empty"));
    }
    if let Some(collapsed) = collapsed_url(text).filter(|collapsed| is_known(&collapsed.scheme)) {
        let message = format!("the scheme `{}` is not followed by `://`", collapsed.scheme);
        return Err(Error::new(ErrorKind::InvalidUrl, message).with_hint(format!(
            "did you mean `{}`? A local path of this name begins with `./`",
            collapsed.meant
        )));
    }
    match text.split_once("://") {
        Some((before, _)) if !before.contains(['/', '\\']) => {
            // Not with its own words: what is no scheme may be a user name and a password.
            ModelUrl::parse(text).map_err(|_| {
                Error::new(ErrorKind::InvalidUrl, "what stands before `://` is not a scheme")
                    .with_hint("a path that has `://` in it begins with `./`")
            })
        }
        _ => ModelUrl::new("file", text),
    }
}

/// Whether a backend serves the scheme, in this build, in another one, or in a linked crate.
fn is_known(scheme: &str) -> bool {
    KNOWN_SCHEMES.iter().any(|known| known.scheme == scheme)
        || registry().is_ok_and(|registry| registry.find(scheme).is_some())
}

/// Whatever names a model: text as [`url`] reads it, a path, or a [`ModelUrl`].
pub trait IntoModelUrl: private::Sealed {
    /// The URL.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when it is none.
    fn into_model_url(self) -> Result<ModelUrl>;
}

impl IntoModelUrl for &str {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(self)
    }
}

impl IntoModelUrl for &String {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(self)
    }
}

impl IntoModelUrl for String {
    fn into_model_url(self) -> Result<ModelUrl> {
        url(&self)
    }
}

impl IntoModelUrl for &Path {
    /// Always a file, even where the path looks like a URL.
    fn into_model_url(self) -> Result<ModelUrl> {
        let path = self.to_str().filter(|path| !path.is_empty()).ok_or_else(|| {
            let path = self.display();
            Error::new(ErrorKind::InvalidUrl, format!("the path `{path}` cannot be a URL"))
        })?;
        ModelUrl::new("file", path)
    }
}

impl IntoModelUrl for &ModelUrl {
    fn into_model_url(self) -> Result<ModelUrl> {
        Ok(self.clone())
    }
}

impl IntoModelUrl for ModelUrl {
    fn into_model_url(self) -> Result<ModelUrl> {
        Ok(self)
    }
}

mod private {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for String {}
    impl Sealed for &std::path::Path {}
    impl Sealed for &super::ModelUrl {}
    impl Sealed for super::ModelUrl {}
}

#[cfg(test)]
mod tests {
    use super::{IntoModelUrl, url};
    use io_core::ErrorKind;
    use std::path::Path;

    #[test]
    fn a_bare_path_is_a_file() {
        for (text, expected) in [
            ("m", "file://m"),
            ("./m", "file://./m"),
            ("/a/b c", "file:///a/b c"),
            ("~/m", "file://~/m"),
            ("a%20b?c#d", "file://a%20b?c#d"),
            ("./a://b", "file://./a://b"),
            ("dir/a://b", "file://dir/a://b"),
            ("C:\\m", "file://C:\\m"),
            ("C:/m", "file://C:/m"),
            ("a:b", "file://a:b"),
            ("./s3:/b/m", "file://./s3:/b/m"),
            ("dir/s3:/b/m", "file://dir/s3:/b/m"),
            ("FILE:///m", "file:///m"),
            ("memory://a", "memory://a"),
        ] {
            assert_eq!(url(text).unwrap().as_str(), expected);
        }
        let path = Path::new("memory://a").into_model_url().unwrap();
        assert_eq!(path.as_str(), "file://memory://a");
    }

    #[test]
    fn a_known_scheme_without_two_slashes_is_refused() {
        let schemes = super::KNOWN_SCHEMES.iter().map(|known| known.scheme).chain(["memory"]);
        for scheme in schemes {
            for separator in [":/", ":", ":\\", ":/x://"] {
                for scheme in [scheme.to_owned(), scheme.to_ascii_uppercase()] {
                    let error = url(&format!("{scheme}{separator}bucket/m")).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{scheme}{separator}");
                    assert!(error.hint().unwrap().contains("://"), "{error:?}");
                }
            }
        }
        let error = url("https:/me:SECRET@h/m?sig=SECRET").unwrap_err();
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in ["", "://x", "1a://x", "a b://x"] {
            assert_eq!(url(text).unwrap_err().kind(), ErrorKind::InvalidUrl, "{text}");
        }
        assert!(Path::new("").into_model_url().is_err());
    }
}
